"""A small world without a model, and a study that plays in it."""

import hashlib
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest

from elixirml.contracts import (
    Candidate,
    Context,
    Direction,
    Evaluate,
    Outcome,
    Propose,
    Proposed,
    Ranked,
    Refused,
    Stop,
    StudyEvent,
    Told,
)
from elixirml.variables import Assignment, Bank, Boolean, Choice, Entry, Float, Integer, Space, Subset, when


def _luck(*key: object) -> float:
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big") / 2**64


class World:
    """Every kind of variable; best at a low temperature, with voting and a few demos."""

    def __init__(self, seed: int = 0, *, examples: int = 40) -> None:
        self.seed = seed
        self.examples = tuple(f"example-{at}" for at in range(examples))
        self.bank = tuple(Entry.of({"row": at}) for at in range(20))
        self.space = Space(
            [
                Float("temperature", default=0.7, low=0.0, high=2.0),
                Integer("steps", default=2, low=1, high=8),
                Choice("only", default=True, options=(True,)),
                Choice("strategy", default="direct", options=("direct", "vote", 3, None)),
                Boolean("brief", default=False),
                Float("share", default=0.5, low=0.01, high=1.0, scale="log", active_if=when("strategy").equals("vote")),
                Subset("demos", maximum=6),
            ]
        )

    def truth(self, values: Mapping[str, Any]) -> float:
        gain = 0.25 if values["strategy"] == "vote" else 0.0
        gain += 0.04 * min(3, len(values["demos"])) + (0.05 if values["brief"] else 0.0)
        return float(max(0.02, min(0.98, 0.4 + gain - 0.2 * (values["temperature"] - 0.3) ** 2)))


class Play:
    """A study of one teleprompter: carries out its actions, counts calls."""

    def __init__(
        self,
        teleprompter: Any,
        world: World,
        *,
        calls: int | None,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
        direction: Direction = Direction.MAXIMIZE,
        score: Callable[[float], float] = float,
        stages: int = 1,
        lost: frozenset[str] = frozenset(),
        refusing: bool = False,
    ) -> None:
        self.teleprompter, self.world, self.calls, self.seed, self.score = teleprompter, world, calls, seed, score
        self.stages, self.lost, self.refusing = stages, lost, refusing
        self.space, self.spent, self.sign = world.space, 0, 1 if direction is Direction.MAXIMIZE else -1
        self.told: dict[str, dict[str, Outcome]] = {}
        self.log: list[tuple[Any, ...]] = []
        self.events: list[tuple[StudyEvent, ...]] = [()]
        self.stopped: Stop | None = None
        baseline = Candidate.of(world.space, world.space.defaults(), origin="baseline")
        self.state = teleprompter.initialize(
            Context(
                world.space, baseline, world.examples, len(world.bank), calls, direction, stages, dict(options or {})
            )
        )

    def step(self) -> None:
        rng = Random(f"{self.seed}:{len(self.log)}")
        self.state, actions = self.teleprompter.optimize_step(self.state, self.events[-1], rng)
        self.log.append(tuple(actions))
        self.stopped = next((action for action in actions if isinstance(action, Stop)), None)
        self.events.append(tuple(self.carried_out(action) for action in actions if not isinstance(action, Stop)))

    def run(self) -> "Play":
        while self.stopped is None:
            self.step()
            assert len(self.log) < 500
        return self

    def carried_out(self, action: Evaluate | Propose) -> StudyEvent:
        if isinstance(action, Propose):
            self.spent += self.stages * action.n if action.source == "bootstrapped" else 0
            entries = self.world.bank[: action.n]
            self.space = self.space.with_banks({action.variable: Bank(action.variable, entries)})
            values = {entry.id: entry.value for entry in entries}
            return Proposed(action.variable, tuple(values), self.space, values)
        told = self.told.setdefault(action.candidate.id, {})
        new = [example for example in action.examples if example not in told]
        price = self.stages * len(new)
        if self.refusing or (self.calls is not None and self.spent + price > self.calls):
            return Refused(action, "it cannot be paid for")
        self.spent += price
        chance = self.world.truth(action.candidate.assignment)
        for example in (each for each in new if each not in self.lost):
            hit = float(_luck(self.world.seed, action.candidate.id, example) < chance)
            told[example] = Outcome(example, self.sign * self.score(hit))
        left = None if self.calls is None else self.calls - self.spent
        return Told(action.candidate, tuple(told.values()), price, left)

    @property
    def ranking(self) -> tuple[Ranked, ...]:
        return tuple(self.teleprompter.finalize(self.state).ranking)

    @property
    def refused(self) -> list[Refused]:
        return [event for events in self.events for event in events if isinstance(event, Refused)]

    @property
    def candidates(self) -> list[Assignment]:
        actions = [action for actions in self.log for action in actions if isinstance(action, Evaluate)]
        return list({action.candidate.id: action.candidate.assignment for action in actions}.values())


@pytest.fixture
def world() -> type[World]:
    return World


@pytest.fixture
def play() -> type[Play]:
    return Play
