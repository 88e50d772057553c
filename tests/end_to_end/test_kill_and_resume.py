"""A study killed at random moments, again and again, ends as if nobody had touched it.

This file is also the study that is killed: `python test_kill_and_resume.py HOME CALLS TELEPROMPTER` runs it, resuming
what is there, and prints what it found.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import define, frozen

import elixirml as ml
from elixirml.contracts import ModelRequest, ModelResponse
from elixirml.errors import ConfigError
from elixirml.plugins import PluginManager
from elixirml.studies.ledger import Ledger
from elixirml.testing.models import ScriptedModel, ScriptedProvider

IN_FLIGHT = 4
LATENCY = 0.008
BUDGET = 100
OPTIONS: dict[str, dict[str, Any]] = {"auto": {"pool": 24, "near": 2}, "random_search": {}}


# The study


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["film", "book"]


class Sorter(ml.Program[Text, Label]):
    """Sort the text."""

    reply = ml.predict(
        Label,
        model="scripted/slow",
        adapter="choice",
        instruction=ml.variable("Be plain.", bank=["Be clever.", "Be quick.", "Be dull."]),
    )


@define
class CountingModel(ScriptedModel):
    """Writes down every call it receives, at once, before it takes its time to answer."""

    calls: int = -1

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Reply slowly."""
        os.write(self.calls, b".")
        return await super().complete(request)


def answer(request: ModelRequest) -> str:
    """The same reply to the same request, in every process: better with some instructions than with others."""
    shown = (request.text or "") + "".join(each.content for each in request.messages)
    number = int(re.findall(r"text-(\d+)", shown)[-1])
    chance = 0.9 if "clever" in shown else 0.7 if "quick" in shown else 0.5
    truth = "film" if number % 2 else "book"
    lucky = random.Random(f"{number}/{chance}").random() < chance
    return truth if lucky else {"film": "book", "book": "film"}[truth]


def study(home: Path, calls: Path, teleprompter: str) -> dict[str, Any]:
    """Run the study, or go on with it."""
    received = os.open(calls, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    model = CountingModel("scripted/slow", answer, concurrency=IN_FLIGHT, latency=LATENCY, calls=received)
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"slow": model}))
    rows = [{"text": f"text-{at}", "label": "film" if at % 2 else "book"} for at in range(60)]
    settings = {
        "teleprompter": teleprompter,
        "budget": ml.Budget(calls=BUDGET),
        "seed": 7,
        "options": OPTIONS[teleprompter],
        "free": ["reply.choice.decoding"],
    }
    with ml.BlockingKernel(ml.Kernel(plugins=manager, home=home)) as door:
        try:
            report = door.optimize(Sorter, rows, resume=True, **settings)
        except ConfigError:  # it was killed before it began
            report = door.optimize(Sorter, rows, **settings)
    return {**report.to_json(), "winner": report.best.assignment.digest}


# The test


@frozen
class Site:
    """A home folder, and how often the model was really called from it."""

    folder: Path
    teleprompter: str

    def start(self) -> "subprocess.Popen[str]":
        """Start the study in a process of its own."""
        command = [sys.executable, __file__, str(self.folder / "home"), str(self.folder / "calls"), self.teleprompter]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def finish(self) -> dict[str, Any]:
        """Run the study to its end and return what it found."""
        process = self.start()
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        return json.loads(out)

    def kill(self, *, after: int, then: float) -> bool:
        """Start the study and kill it when it has made so many calls, and a moment later; whether it was not done."""
        process, before = self.start(), self.received
        while process.poll() is None and self.received < before + after:
            time.sleep(0.001)
        time.sleep(then)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return process.returncode == -signal.SIGKILL

    @property
    def received(self) -> int:
        """How many calls the model has received so far."""
        calls = self.folder / "calls"
        return calls.stat().st_size if calls.exists() else 0


@pytest.fixture(scope="module")
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the study finds when nobody kills it."""
    site = Site(tmp_path_factory.mktemp("whole"), request.param)
    return {**site.finish(), "teleprompter": request.param, "received": site.received}


def lasting(found: dict[str, Any]) -> dict[str, Any]:
    """What a kill may not change: all but the study's id, the time, and what was reused."""
    kept = {name: found[name] for name in ("winner", "verdict", "baseline", "tuned", "difference", "stop", "effects")}
    charged = {name: found["usage"][name] for name in ("calls", "search_calls", "confirm_calls", "tokens_in")}
    candidates = [(each["id"], each["n"], each["mean"], each["calls"]) for each in found["candidates"]]
    return {**kept, "charged": charged, "candidates": candidates}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("whole", "seed"),
    [*(("auto", seed) for seed in range(10)), *(("random_search", seed) for seed in range(4))],
    indirect=["whole"],
)
def test_a_killed_study_ends_like_one_that_was_left_alone(whole: dict[str, Any], tmp_path: Path, seed: int) -> None:
    """Kill -9 at random moments: same winner, verdict and charges, and no reply that was kept is asked for again."""
    rng, site = random.Random(seed), Site(tmp_path, whole["teleprompter"])
    kills = 0
    for _ in range(rng.choice([1, 2, 3])):
        early = rng.random() < 0.2
        left = max(1, whole["received"] - site.received - 20)
        after = 0 if early else rng.randrange(left)
        kills += site.kill(after=after, then=rng.uniform(0, 1.5 if early else 0.02))
    found = site.finish()

    assert kills > 0
    assert lasting(found) == lasting(whole)
    assert whole["received"] <= site.received <= whole["received"] + kills * IN_FLIGHT
    with Ledger(tmp_path / "home" / "ledger.sqlite3") as ledger:
        (entry,) = ledger.studies()
        assert entry.status == "done"
        assert ledger.count(entry.id)[1] == found["usage"]["calls"] == whole["received"]


if __name__ == "__main__":
    home, calls, teleprompter = sys.argv[1:]
    print(json.dumps(study(Path(home), Path(calls), teleprompter)))  # noqa: T201 - read by the test
