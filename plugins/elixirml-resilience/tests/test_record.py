"""Tests of the middleware `record` and its cassette: what was said once is replayed without anybody there."""

import json
import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from elixirml.contracts import ModelResponse
from elixirml.errors import ConfigError, ModelUnavailable
from elixirml_resilience.cassette import Cassette
from elixirml_resilience.identifying import Call
from elixirml_resilience.record import Record

pytestmark = pytest.mark.anyio
BOTH_WAYS = pytest.mark.parametrize("streaming", [False, True], ids=["whole", "streaming"])


@pytest.fixture
def tape(lab: Any, tmp_path: Path) -> Any:
    """Makes a model with the cassette of this test, as another process would."""
    path = tmp_path / "tapes" / "cassette.jsonl"

    def make(model: Any, *, mode: str = "auto") -> Any:
        lab.configured("record", file=path, mode=mode)
        return lab.wrapped(Record(), model)

    make.path = path
    return make


@BOTH_WAYS
async def test_an_exchange_is_recorded_and_replayed(lab: Any, tape: Any, *, streaming: bool) -> None:
    """One line an exchange, which another process replays, at another endpoint, at no cost."""
    await lab.replied(tape(lab.model("film")), lab.asking(), streaming=streaming)
    (line,) = tape.path.read_text().splitlines()
    assert sorted(json.loads(line)) == ["key", "request", "response"]
    elsewhere = lab.model("theatre", fingerprint="elsewhere")
    for mode in ("auto", "replay"):
        for way in (False, True):
            found = await lab.replied(tape(elsewhere, mode=mode), lab.asking(), streaming=way)
            assert (found.text, found.cached, found.usage.calls) == ("film", True, 0)
    assert elsewhere.requests == []


@BOTH_WAYS
async def test_a_replay_never_asks(lab: Any, tape: Any, *, streaming: bool) -> None:
    """What is not on the cassette is an error that names the key, so that it can be looked for."""
    model = lab.model()
    with pytest.raises(ModelUnavailable, match=r"[0-9a-f]{64}") as caught:
        await lab.replied(tape(model, mode="replay"), lab.asking(), streaming=streaming)
    assert caught.value.code == "cassette-missing"
    assert model.requests == []


async def test_recording_asks_always_and_the_last_reply_counts(lab: Any, tape: Any) -> None:
    """A cassette is brought up to date by recording over it."""
    for text in ("film", "theatre"):
        assert not (await tape(lab.model(text), mode="record").complete(lab.asking())).cached
    assert (await tape(lab.model(), mode="replay").complete(lab.asking())).text == "theatre"


async def test_a_broken_line_is_left_out(lab: Any, tape: Any, caplog: Any) -> None:
    """A process that was killed while it wrote costs that one exchange, not the next one."""
    for text in ("a", "b"):
        await tape(lab.model(text)).complete(lab.asking(text))
    with tape.path.open("ab") as file:
        file.write(b'{"key": "half')
    with caplog.at_level(logging.WARNING):
        await tape(lab.model("c")).complete(lab.asking("c"))
    assert "Line 3" in caplog.text
    for text in ("a", "b", "c"):
        assert (await tape(lab.model(), mode="replay").complete(lab.asking(text))).text == text


async def test_a_cassette_that_cannot_be_used_is_named(lab: Any, tape: Any) -> None:
    """With the setting that names another one."""
    tape.path.mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"cassette\.jsonl"):
        await tape(lab.model()).complete(lab.asking())


async def test_lines_of_several_writers_do_not_mix(tmp_path: Path) -> None:
    """Each line is one write at the end of the file."""
    cassettes = [Cassette(tmp_path / "cassette.jsonl") for _ in range(4)]

    def write(position: int) -> None:
        for number in range(50):
            call = Call(f"{position}-{number}", b"{}")
            cassettes[position].add(call, ModelResponse("x" * 3000))

    threads = [threading.Thread(target=write, args=(position,)) for position in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = Cassette(tmp_path / "cassette.jsonl")
    assert all(found.find(Call(f"{position}-{number}", b"{}")) for position in range(4) for number in range(50))
