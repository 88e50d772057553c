"""The guard of addresses, row by row, and what holds for every address."""

import json
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml_tools.addresses import is_public
from elixirml_tools.guard import Allowed, Refused, check, check_redirects

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/urls.jsonl").read_text(encoding="utf-8").splitlines()
]
V4 = st.integers(0, 2**32 - 1).map(IPv4Address)
PUBLIC = ["93.184.215.14"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_of_the_table(row: dict[str, Any]) -> None:
    """Each row says whether a URL, with its redirects, may be fetched, and why not."""
    asked = row["input"]
    found = check_redirects(asked["url"], asked.get("redirects", []), lambda name: asked["resolves"].get(name, ()))
    assert isinstance(found, Allowed) == row["expected"]["allowed"]
    assert getattr(found, "reason", None) == row["expected"].get("reason")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("//a.example/", "scheme"),
        ("http:a.example", "syntax"),
        ("http://a.example:65536/", "syntax"),
        ("ftp://a.example:0/", "syntax"),
        ("http://a.example:\uff18\uff10/", "syntax"),
        ("http://u:p@a.example:0/", "syntax"),
        ("http://a.example:80@127.0.0.1/", "credentials"),
        ("http://us%65r@a.example/", "credentials"),
        ("http://a%2eexample/", "syntax"),
        ("http://a.example\uff20127.0.0.1/", "syntax"),
        ("http://127.0.0.1\uff1a80/", "syntax"),
        ("http://[127.0.0.1]/", "syntax"),
        ("http://[::1]x/", "syntax"),
        ("http://x[::1]/", "syntax"),
        ("http://a]/", "syntax"),
        ("http://[fe80::1%eth0]/", "syntax"),
        ("http://a.example../", "syntax"),
        ("http://./", "syntax"),
        ("http://:80/", "syntax"),
        ("http://256.1.1.1/", "syntax"),
        ("http://8.8.8.0x8/", "syntax"),
        ("http://0x/", "syntax"),
        ("http://a.example/\x00", "syntax"),
        (" http://a.example/", "syntax"),
        ("http://a!b.example/", "syntax"),
        ("http://localhost./", "address"),
        ("http://[::127.0.0.1]/", "address"),
        ("http://[64:ff9b::10.0.0.1]/", "address"),
        ("http://[2606:4700::200:5efe:808:808]/", "address"),
        ("http://224.0.0.1/", "address"),
        ("", "scheme"),
    ],
)
def test_an_odd_url_is_refused(url: str, reason: str) -> None:
    """Odd spellings are refused for the first reason in the order of checks, wherever they lead."""
    found = check(url, lambda name: PUBLIC)
    assert isinstance(found, Refused)
    assert found.reason == reason


def test_what_is_allowed_carries_what_was_judged() -> None:
    """The plain host, the port, and every address, so that nothing is resolved again."""
    found = check("HTTPS://API.Example.com.:8443/x", lambda name: [*PUBLIC, "2606:4700::1"])
    assert isinstance(found, Allowed)
    assert (found.scheme, found.host, found.port) == ("https", "api.example.com", 8443)
    assert [str(each) for each in found.addresses] == [*PUBLIC, "2606:4700::1"]


def test_a_name_is_resolved_once_and_an_address_never() -> None:
    """A server of names that answers differently the second time is never asked a second time."""
    asked: list[str] = []

    def resolve(name: str) -> list[str]:
        asked.append(name)
        return PUBLIC if len(asked) == 1 else ["127.0.0.1"]

    check("http://a.example/", resolve)
    check("http://8.8.8.8/", resolve)
    assert asked == ["a.example"]


@pytest.mark.parametrize("location", ["http://a.example/\n", "\\\\127.0.0.1\\x", "http://[::1", "/a b"])
def test_an_odd_location_is_refused_before_it_is_joined(location: str) -> None:
    """Joining would quietly drop line breaks and mend backslashes."""
    found = check_redirects("http://a.example/", [location], lambda name: PUBLIC)
    assert isinstance(found, Refused)
    assert found.reason == "syntax"


@given(inner=V4)
def test_an_address_inside_another_is_judged_by_itself(inner: IPv4Address) -> None:
    """Mapped and NAT64 addresses are as public as the one they stand for; tunnels never are."""
    number = int(inner)
    assert is_public(IPv6Address((0xFFFF << 32) + number)) == is_public(inner)
    assert is_public(IPv6Address((0x64FF9B << 96) + number)) == is_public(inner)
    assert not is_public(IPv6Address((0x2002 << 112) + (number << 80)))
    assert not is_public(IPv6Address(number))


@given(st.text(max_size=40), st.sampled_from(["", "http://", "https://", "http://[", "http://a@"]))
def test_no_text_gets_past_or_crashes_the_guard(text: str, front: str) -> None:
    """Whatever the text, it is refused, or allowed with public addresses alone."""
    found = check(front + text, lambda name: ["10.0.0.1"])
    assert isinstance(found, Refused) or all(map(is_public, found.addresses))
