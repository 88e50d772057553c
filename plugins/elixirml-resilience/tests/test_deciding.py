"""Tests of `elixirml_resilience.deciding` and `.http_answers`: the rules of trying again."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml_resilience.deciding import Action, Answer, Decision, RetryPolicy, Trouble, decide
from elixirml_resilience.http_answers import answer_of, retry_after

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/retry.jsonl").read_text(encoding="utf-8").splitlines()
]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TROUBLES = {"connect": Trouble.CONNECT, "timeout": Trouble.TIMEOUT, "reset": Trouble.RESET}


def answer(said: dict[str, Any], start: datetime) -> Answer:
    """What one response of a row comes to."""
    streaming = said.get("stream_started", False)
    if "error" in said:
        trouble = TROUBLES.get(said["error"], Trouble.OTHER)
        return Answer(trouble=trouble, stream_started=streaming, at=said["at"])
    return answer_of(said["status"], said["headers"], said.get("body"), start=start, at=said["at"], streaming=streaming)


def written(decision: Decision) -> dict[str, Any]:
    found = {"action": str(decision.action), "after_s": decision.after, "reason": decision.reason}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_decisions_are_those_of_the_table(row: dict[str, Any]) -> None:
    """Each row is a policy, what a server said in turn, and what is to be done each time."""
    said = row["input"]["policy"]
    policy = RetryPolicy(
        max_retries=said["max_retries"],
        base=said["base_s"],
        factor=said["factor"],
        cap=said["cap_s"],
        max_retry_after=said["max_retry_after_s"],
        deadline=said["deadline_s"],
    )
    start = datetime.fromisoformat(row["input"]["start"])
    found = []
    for retries, response in enumerate(row["input"]["responses"]):
        found.append(written(decide(policy, answer(response, start), retries=retries)))
        if found[-1]["action"] != "retry":
            break
    expected = row["expected"]["decisions"]
    assert [each | {"after_s": pytest.approx(each["after_s"])} if "after_s" in each else each for each in expected] == (
        found
    )


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason"),
    [
        (200, {"x-should-retry": "true"}, None, None),
        (429, {"x-should-retry": "true"}, {"error": {"code": "insufficient_quota"}}, "not_retryable"),
        (304, {}, None, "not_retryable"),
        (429, {"X-Should-Retry": "false", "retry-after": "1"}, None, "not_retryable"),
        (501, {}, None, "not_retryable"),
    ],
)
def test_rules_are_asked_in_their_order(status: int, headers: Any, body: Any, reason: str | None) -> None:
    """A good answer is one whatever its headers say, and no header makes up for a lack of credit."""
    assert decide(RetryPolicy(), answer_of(status, headers, body, start=NOW, at=0), retries=0).reason == reason


@pytest.mark.parametrize("body", [None, "text", [], {"error": "text"}, {"error": None}, {"error": {"code": 5}}, 7])
def test_a_body_of_any_form_is_read(body: Any) -> None:
    """Servers send what they like."""
    assert not answer_of(429, {}, body, start=NOW, at=0).out_of_quota


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (" 3 ", 3.0),
        ("-5", None),
        ("+5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("٣", None),
        ("1_0", None),
        ("0x10", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sunday, 01-Mar-26 12:00:30 GMT", None),
        ("Sun Mar  1 12:00:30 2026", None),
        ("Sun, 1 Mar 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 2026 12:00:30 UTC", None),
        ("Sun, 31 Feb 2026 12:00:30 GMT", None),
        ("Sun, 01 Mar 2026 25:00:30 GMT", None),
    ],
)
def test_only_seconds_and_the_one_date_format_are_read(value: str, seconds: float | None) -> None:
    """What cannot be read is as if nothing had been said."""
    assert retry_after({"Retry-After": value}, now=NOW) == seconds


def test_the_first_retry_after_a_negative_wish_is_computed() -> None:
    """A negative number of milliseconds leaves the word to the other header."""
    assert retry_after({"retry-after-ms": "-1", "retry-after": "2"}, now=NOW) == 2.0


@given(st.integers(0, 10**6), st.floats(1.0, 10.0), st.floats(0.0, 60.0), st.floats(0.0, 600.0))
def test_a_computed_wait_never_passes_its_cap(retries: int, factor: float, base: float, cap: float) -> None:
    """Also where the power is beyond any number."""
    assert 0 <= RetryPolicy(base=base, factor=factor, cap=cap).wait(retries) <= cap


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_raises(milliseconds: str, seconds: str) -> None:
    """Whatever a server says, there is a decision."""
    found = answer_of(503, {"retry-after-ms": milliseconds, "RETRY-AFTER": seconds}, start=NOW, at=0)
    assert decide(RetryPolicy(), found, retries=0).action in {Action.RETRY, Action.GIVE_UP}
