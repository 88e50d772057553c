"""Tests of the middleware `cache` and its file: a reply that was given is given again, and only that one."""

import itertools
import logging
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import anyio
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import Message, ModelRequest, ModelResponse, Role, TokenLogprob, ToolCall, Usage
from elixirml.errors import ConfigError, ModelOverloaded
from elixirml.identity import canonical_json
from elixirml.testing.models import ScriptedModel
from elixirml_resilience.cache import Cache
from elixirml_resilience.identifying import Call, Caller, at_hand
from elixirml_resilience.response_file import ResponseFile

BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])


def file_of(lab: Any) -> Path:
    return lab.host.cache_dir / "responses" / "responses.sqlite3"


@pytest.mark.anyio
@BOTH_WAYS
async def test_a_reply_is_given_again_at_no_cost(lab: Any, *, streaming: bool) -> None:
    """The second call asks nobody, whichever way either was made; what the first one cost stays in the file."""
    model = lab.model("film", "theatre")
    cached = lab.wrapped(Cache(), model)
    first = await lab.replied(cached, lab.asking(), streaming=streaming)
    for way in (False, True):
        again = await lab.replied(cached, lab.asking(), streaming=way)
        assert (again.text, again.cached, again.usage, again.attempts) == ("film", True, Usage(), 0)
    assert (first.cached, first.usage.calls, len(model.requests)) == (False, 1, 1)
    with sqlite3.connect(file_of(lab)) as database:
        assert b'"tokens_in":10' in database.execute("SELECT response FROM responses").fetchone()[0]
    database.close()


@pytest.mark.anyio
async def test_another_kernel_finds_it_too(lab: Any) -> None:
    """The file outlives the kernel, which closes it at its end."""
    await lab.wrapped(Cache(), lab.model()).complete(lab.asking())
    (service,) = lab.host.services.values()
    async with anyio.create_task_group() as group:
        await group.start(service)
        group.cancel_scope.cancel()
    assert sorted(each.name for each in file_of(lab).parent.iterdir()) == ["responses.sqlite3"]
    model = lab.model("theatre")
    assert (await lab.wrapped(Cache(), model).complete(lab.asking())).text == "film"
    assert model.requests == []


@pytest.mark.anyio
async def test_what_tells_calls_apart(lab: Any) -> None:
    """Every part of the request, the model, its fingerprint, and the tenant."""
    middleware, model = Cache(), lab.model()
    cached = lab.wrapped(middleware, model)
    requests = [
        lab.asking(),
        lab.asking("!"),
        lab.asking(max_tokens=7),
        lab.asking(seed=1),
        lab.asking(stop=("x",)),
        lab.asking(extra={"k": 1}),
        lab.asking(json_schema={"type": "object"}),
    ]
    for request in requests:
        assert not (await cached.complete(request)).cached
    for other in (lab.model(name="test/other"), lab.model(fingerprint="elsewhere")):
        assert not (await lab.wrapped(middleware, other).complete(lab.asking())).cached
    lab.configured("cache", tenant="somebody else")
    assert not (await lab.wrapped(middleware, lab.model()).complete(lab.asking())).cached


@pytest.mark.anyio
async def test_samples_are_kept_only_when_wanted(lab: Any) -> None:
    """Whoever samples without a seed wants another reply each time."""
    for options, kept in (({}, False), ({"sampled": True}, True)):
        cached = lab.wrapped(Cache(), lab.model(), **options)
        await cached.complete(lab.asking(temperature=1.0))
        assert (await cached.complete(lab.asking(temperature=1.0))).cached is kept
    seeded = lab.wrapped(Cache(), lab.model())
    await seeded.complete(lab.asking(temperature=1.0, seed=5))
    assert (await seeded.complete(lab.asking(temperature=1.0, seed=5))).cached


@pytest.mark.anyio
async def test_errors_and_stand_ins_are_not_kept(lab: Any) -> None:
    """A reply of a fallback model is not this model's, and would outlive the outage."""
    lab.configured("fallback", models=("test/spare",))

    def stand_in(_request: Any) -> Any:
        return "film"

    class Covered(type(lab.model())):
        async def complete(self, request: Any) -> Any:
            return evolve(await super().complete(request), model="test/spare")

    model = Covered([stand_in])
    cached = lab.wrapped(Cache(), model)
    for _ in range(2):
        await cached.complete(lab.asking())
    assert len(model.requests) == 2
    failing = lab.wrapped(Cache(), lab.model(ModelOverloaded("."), "film", name="test/failing"))
    with pytest.raises(ModelOverloaded):
        await failing.complete(lab.asking())
    assert not (await failing.complete(lab.asking())).cached


@pytest.mark.anyio
async def test_a_stream_left_early_is_not_kept(lab: Any) -> None:
    """Only whole replies are replies."""
    cached = lab.wrapped(Cache(), lab.model("theatre"))
    async with cached.stream(lab.asking()) as deltas:
        await anext(deltas)
    assert not (await cached.complete(lab.asking())).cached


@pytest.mark.anyio
async def test_folder_and_file_are_the_owners_alone(lab: Any) -> None:
    """Replies may hold what others must not read; a folder that was open is closed."""
    file_of(lab).parent.mkdir(parents=True)
    file_of(lab).parent.chmod(0o755)
    await lab.wrapped(Cache(), lab.model()).complete(lab.asking())
    assert stat.S_IMODE(file_of(lab).parent.stat().st_mode) == 0o700


@pytest.mark.anyio
@pytest.mark.parametrize("linked", ["cache", "cache/responses", "cache/responses/responses.sqlite3"])
async def test_links_are_refused(lab: Any, linked: str, tmp_path: Path) -> None:
    """Whoever can plant a link could plant replies, or read them."""
    place = tmp_path / linked
    place.parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "elsewhere").mkdir()
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError) as caught:
        await lab.wrapped(Cache(), lab.model()).complete(lab.asking())
    assert caught.value.code == "cache-folder"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE responses SET response = replace(CAST(response AS TEXT), 'film', 'lies')",
        "UPDATE responses SET response = CAST(replace(CAST(response AS TEXT), 'film', 'lies') AS BLOB)",
        "UPDATE responses SET request = x'00'",
        "UPDATE responses SET digest = x'00'",
        "UPDATE responses SET response = x'ff', digest = 'text'",
        "UPDATE responses SET created = 1e18",
        "UPDATE responses SET created = 'yesterday'",
    ],
)
async def test_a_damaged_row_is_a_miss_and_goes(lab: Any, damage: str, caplog: Any) -> None:
    """It is reported, never raised, and never believed."""
    model = lab.model()
    cached = lab.wrapped(Cache(), model)
    await cached.complete(lab.asking())
    with sqlite3.connect(file_of(lab)) as database:
        assert database.execute(damage).rowcount == 1
    database.close()
    with caplog.at_level(logging.WARNING):
        again = await cached.complete(lab.asking())
    assert (again.text, again.cached, len(model.requests)) == ("film", False, 2)
    assert "damaged" in caplog.text
    assert (await cached.complete(lab.asking())).cached


@pytest.mark.anyio
async def test_what_is_no_database_is_no_reason_to_fail(lab: Any, caplog: Any) -> None:
    """The cache is off, says so once, and calls go on."""
    file_of(lab).parent.mkdir(parents=True)
    file_of(lab).write_bytes(b"not a database" * 100)
    cached = lab.wrapped(Cache(), lab.model())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert not (await cached.complete(lab.asking())).cached
    assert caplog.text.count("cannot be") == 1


@pytest.mark.anyio
@BOTH_WAYS
async def test_a_call_may_be_cancelled_wherever_it_waits(lab: Any, *, streaming: bool) -> None:
    """The file stays whole, and the next call is answered."""
    for wait in itertools.count(1):
        cached = lab.wrapped(Cache(), lab.model())
        request = lab.asking(str(wait))

        def call(cached: Any = cached, request: Any = request) -> Any:
            return lab.replied(cached, request, streaming=streaming)

        was_cancelled = await lab.cancelled_at(wait, call)
        assert (await call()).text == "film"
        assert (await call()).cached
        if not was_cancelled:
            break
    assert wait > 2


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def opened(tmp_path: Path) -> Any:
    """Makes open files of replies; all are closed at the end."""
    made: list[ResponseFile] = []

    def make(**said: Any) -> ResponseFile:
        file = ResponseFile(tmp_path / "r" / "responses.sqlite3", **said)
        file.open()
        made.append(file)
        return file

    yield make
    for each in made:
        each.close()


def call(name: str) -> Call:
    return Call(name, name.encode())


def test_replies_grow_old(opened: Any) -> None:
    """One is given until its time is over, and a new one has its own."""
    clock = Clock()
    file = opened(ttl=10.0, clock=clock)
    file.keep(call("a"), ModelResponse("film"))
    assert file.find(call("a")) is not None
    clock.now += 20
    assert file.find(call("a")) is None
    file.keep(call("a"), ModelResponse("theatre"))
    assert file.find(call("a")).text == "theatre"


def test_what_was_used_longest_ago_gives_way(opened: Any) -> None:
    """The file keeps to its size, and to what is in use."""
    file = opened(max_bytes=20_000, clock=Clock())
    for number in range(200):
        file.keep(call(f"{number}"), ModelResponse("x" * 500))
        assert file.find(call("0")) is not None
    found = [number for number in range(200) if file.find(call(f"{number}"))]
    assert found[0] == 0
    assert found[1:] == list(range(found[1], 200))
    assert 15 <= len(found) <= 20_000 // 500


def test_another_request_under_the_same_key_is_a_miss(opened: Any) -> None:
    """The request is compared, not only its digest."""
    file = opened()
    file.keep(Call("k", b"one"), ModelResponse("film"))
    assert file.find(Call("k", b"another")) is None
    file.flush()
    assert file.find(Call("k", b"one")) is None


def test_a_response_comes_back_as_it_was(opened: Any) -> None:
    """With everything it holds, infinite logarithms and halves of letters included."""
    response = ModelResponse(
        "film \ud800 \0",
        "tool_calls",
        Usage(calls=1, money=None),
        {"a": float("-inf"), "b": -0.5},
        "thought",
        (ToolCall("1", "find", '{"a": 1}'),),
        (TokenLogprob("fi", -0.1, {"fo": -2.0}),),
        "model-1",
    )
    file = opened()
    file.keep(call("a"), response)
    assert file.find(call("a")) == at_hand(response)


@settings(max_examples=50)
@given(st.text(), st.text(), st.text(st.characters(), max_size=20))
def test_any_text_has_a_key_of_its_own(name: str, tenant: str, asked: str) -> None:
    """Parts of a key cannot run into each other."""
    model = ScriptedModel()
    model.name = name
    request = ModelRequest((Message(Role.USER, asked),))
    key = Caller.of(model, fingerprint="f", tenant=tenant).call(request).key
    model.name = name + ","
    assert Caller.of(model, fingerprint="f", tenant=tenant).call(request).key != key
    model.name = name
    assert Caller.of(model, fingerprint="f", tenant=tenant + "]").call(request).key != key


WRITER = """
import sys
from pathlib import Path
from elixirml.contracts import ModelResponse
from elixirml_resilience.identifying import Call
from elixirml_resilience.response_file import ResponseFile

file = ResponseFile(Path(sys.argv[1]))
file.open()
for number in range(int(sys.argv[3])):
    key = f"{sys.argv[2]}-{number}"
    file.keep(Call(key, key.encode()), ModelResponse("x" * 200))
    if number % 100 == 0:
        print(number, flush=True)
file.close()
"""


@pytest.mark.slow
def test_four_processes_lose_nothing(tmp_path: Path, opened: Any) -> None:
    """Forty thousand replies from four processes: each is there, and nobody was told that the file is locked."""
    path = tmp_path / "r" / "responses.sqlite3"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number), "10000"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    complaints = [writer.communicate(timeout=120)[1] for writer in writers]
    assert complaints == [""] * 4
    file = opened()
    assert all(file.find(call(f"{writer}-{number}")) for writer in range(4) for number in range(10_000))


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path, opened: Any) -> None:
    """What it had written is there, and others go on."""
    path = tmp_path / "r" / "responses.sqlite3"
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "w", "100000"], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    while int(writer.stdout.readline()) < 300:
        pass
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    file = opened()
    assert all(file.find(call(f"w-{number}")) for number in range(300))
    file.keep(call("new"), ModelResponse("film"))
    assert file.find(call("new")) is not None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    ),
    st.sampled_from([dict, MappingProxyType]),
)
def test_a_request_is_written_as_the_kernel_writes_it(value: Any, kind: Any) -> None:
    """The canonical JSON of the kernel, whatever kind of mapping a schema is."""
    request = ModelRequest((Message(Role.USER, "?"),), json_schema={"a": kind({"b": value})}, extra={"c": value})
    call = Caller.of(ScriptedModel(), fingerprint="f").call(request)
    assert call.request.decode("utf-8", "surrogatepass") == canonical_json(request.to_json())
    expected = canonical_json([1, "scripted/model", "f", request.to_json(), ""])
    assert call.key == sha256(expected.encode("utf-8", "surrogatepass")).hexdigest()
