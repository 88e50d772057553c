"""Worlds without a model, and a study that plays in them: what the tests of the teleprompters share.

A world gives every assignment a true accuracy, every example a difficulty, and every pair of them one fixed outcome, as
a journal does. A play carries out actions, counts calls and tells what came of them.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from elixirml.contracts import (
    FREE_OF_CALLS,
    Action,
    Candidate,
    Context,
    Direction,
    Evaluate,
    Outcome,
    Proposal,
    Propose,
    Proposed,
    Refused,
    Stop,
    StudyEvent,
    Teleprompter,
    Told,
)
from elixirml.identity import Json, canonical_json
from elixirml.variables import Assignment, Bank, Choice, Entry, Float, Space, Subset, Variable, when

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_DIFFICULTY = 1.2
_QUANTILE = NormalDist().inv_cdf


def _generator(*key: object) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big"))


def _sigmoid(logit: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-logit))


class World:
    """A search space with a truth. Subclasses say how good an assignment is, in logits."""

    def __init__(self, seed: int, variables: Sequence[Variable], *, examples: int) -> None:
        self.seed = seed
        self.space = Space(variables)
        self.bank: tuple[Entry, ...] = ()
        self.examples = tuple(f"example-{at}" for at in range(examples))
        self.difficulty = _generator(seed, "difficulty").normal(0, _DIFFICULTY, examples)
        self.draw = _generator(seed, "effects").normal
        self.outcomes = cache(self._outcomes)

    def logit(self, values: Mapping[str, Any]) -> float:
        raise NotImplementedError

    def truth(self, assignment: Mapping[str, Json], space: Space | None = None) -> float:
        """The accuracy over all examples there might be."""
        logit = self.logit((space or self.space).canonical(assignment))
        return float((_WEIGHTS * _sigmoid(logit + _DIFFICULTY * _NODES)).sum() / _WEIGHTS.sum())

    def _outcomes(self, key: str, request: str, logit: float) -> tuple[float, ...]:
        """One outcome an example; candidates of one request share part of their luck."""
        shared = _generator(self.seed, "request", request).normal(size=len(self.examples))
        own = _generator(self.seed, "candidate", key).normal(size=len(self.examples))
        luck = np.sqrt(0.6) * shared + np.sqrt(0.4) * own
        chance = np.clip(_sigmoid(logit + self.difficulty), 1e-9, 1 - 1e-9)
        return tuple(float(one < _QUANTILE(share)) for one, share in zip(luck, chance, strict=True))


class TwoWay(World):
    """Twelve instructions by twelve demo sets: main effects of sd .3, interactions of sd .15."""

    def __init__(self, seed: int, *, examples: int = 300, spread: float = 1.0) -> None:
        names = tuple(f"option-{at}" for at in range(12))
        variables = [Choice(path, default=names[0], options=names) for path in ("instruction", "demos")]
        super().__init__(seed, variables, examples=examples)
        self.at = {name: at for at, name in enumerate(names)}
        self.main = spread * self.draw(0, 0.3, (2, 12))
        self.both = spread * self.draw(0, 0.15, (12, 12))

    def logit(self, values: Mapping[str, Any]) -> float:
        one, other = self.at[values["instruction"]], self.at[values["demos"]]
        return float(self.main[0, one] + self.main[1, other] + self.both[one, other])

    def best(self) -> float:
        return max(self.truth(Assignment({"instruction": one, "demos": other})) for one in self.at for other in self.at)


_LETTERS = ("a", "b", "c", "d")


class Demo(World):
    """Shaped like a label-scoring prompt: accuracies from about .25 to .82, calibration free of calls.

    Wording counts only in the text layouts, calibration only where labels are scored; demos help most when calibrated.
    """

    def __init__(self, seed: int, *, examples: int = 60, bank: int = 60) -> None:
        in_text = when("layout").one_of(["plain", "arrow"])
        variables = [
            Choice("layout", default="chat", options=("chat", "plain", "arrow")),
            Choice("input_name", default="a", options=_LETTERS[:3], active_if=in_text),
            Choice("output_name", default="a", options=_LETTERS[:3], active_if=in_text),
            Choice("instruction", default="a", options=_LETTERS),
            Choice("decoding", default="grammar", options=("grammar", "free", "likelihood")),
            Choice(
                "calibration",
                default="none",
                options=("none", "batch", "fitted"),
                active_if=when("decoding").equals("likelihood"),
                hint=FREE_OF_CALLS,
            ),
            Subset("demos", maximum=16),
        ]
        super().__init__(seed, variables, examples=examples)
        self.bank = tuple(Entry.of({"row": at}, origin="labelled") for at in range(bank))
        self.effects = {
            "layout": dict(zip(("chat", "plain", "arrow"), self.draw([-0.3, 0.2, 0.2], 0.25), strict=True)),
            "input_name": dict(zip(_LETTERS, self.draw(0, 0.25, 4), strict=True)),
            "output_name": dict(zip(_LETTERS, self.draw(0, 0.25, 4), strict=True)),
            "instruction": dict(zip(_LETTERS, self.draw(0, 0.25, 4), strict=True)),
            "decoding": {"grammar": 0.0, "free": -0.3, "likelihood": 0.4},
        }
        self.bare = dict(zip(("none", "batch", "fitted"), self.draw([0.0, 0.25, 0.3], 0.1), strict=True))
        self.shown = dict(zip(("none", "batch", "fitted"), self.draw([0.0, 0.7, 0.8], 0.2), strict=True))
        self.together = {pair: float(self.draw(0, 0.15)) for pair in _pairs(_LETTERS, ("chat", "plain", "arrow"))}
        self.quality = {entry.id: float(self.draw(0, 0.8)) for entry in self.bank}

    def logit(self, values: Mapping[str, Any]) -> float:
        demos = values["demos"]
        logit = -1.15 + sum(self.effects[path][values[path]] for path in self.effects if path in values)
        logit += self.together[values["instruction"], values["layout"]]
        calibration = values.get("calibration", "none")
        if not demos:
            return float(logit + self.bare[calibration])
        logit += self.shown[calibration] + 0.55 * np.log1p(len(demos)) / np.log1p(16)
        logit += sum(self.quality[entry] for entry in demos) / max(4, len(demos))
        return float(logit + _generator(self.seed, sorted(demos)).normal(0, 0.2))


def _pairs(ones: Sequence[str], others: Sequence[str]) -> list[tuple[str, str]]:
    return [(one, other) for one in ones for other in others]


class Mixed(World):
    """Numbers, one-valued variables and a switch; graded scores if asked for."""

    def __init__(self, seed: int, *, examples: int = 40) -> None:
        variables = [
            Float("temperature", default=0.7, low=0.0, high=2.0),
            Choice("only", default="one", options=("one",)),
            Choice("strategy", default="direct", options=("direct", "vote")),
            Float("share", default=0.5, low=0.01, high=1.0, scale="log", active_if=when("strategy").equals("vote")),
        ]
        super().__init__(seed, variables, examples=examples)

    def logit(self, values: Mapping[str, Any]) -> float:
        vote = 0.8 - 2.0 * (values["share"] - 0.3) ** 2 if values["strategy"] == "vote" else 0.0
        return float(0.5 - 1.5 * (values["temperature"] - 0.4) ** 2 + vote)


class Play:
    """A study of one teleprompter in one world: carries out its actions, journals them, counts calls."""

    def __init__(
        self,
        teleprompter: Teleprompter,
        world: World,
        *,
        calls: int | None,
        seed: int = 0,
        options: Mapping[str, Any] | None = None,
        direction: Direction = Direction.MAXIMIZE,
        score: Callable[[float], float] = float,
        lost: frozenset[str] = frozenset(),
        stages: int = 1,
        journalling: str = "by request",
    ) -> None:
        """`journalling` is `by request`, `by candidate` (siblings cost calls), or `refusing` (every action is)."""
        self.teleprompter, self.world, self.calls, self.seed = teleprompter, world, calls, seed
        self.score, self.lost, self.space, self.spent = score, lost, world.space, 0
        self.stages, self.journalling = stages, journalling
        self.journal: dict[str, set[str]] = {}
        self.told: dict[str, dict[str, Outcome]] = {}
        self.log: list[tuple[Action, ...]] = []
        self.events: list[tuple[StudyEvent, ...]] = [()]
        self.stopped: Stop | None = None
        bank = world.bank
        context = Context(
            space=world.space,
            baseline=Candidate.of(world.space, world.space.defaults(), origin="baseline"),
            examples=world.examples,
            training=len(bank),
            calls=calls,
            direction=direction,
            calls_per_example=stages,
            options=dict(options or {}),
        )
        self.state = teleprompter.initialize(context)

    def step(self) -> None:
        rng = Random(f"{self.seed}:{len(self.log)}")
        self.state, actions = self.teleprompter.optimize_step(self.state, self.events[-1], rng)
        self.log.append(tuple(actions))
        self.stopped = next((action for action in actions if isinstance(action, Stop)), None)
        self.events.append(tuple(self.carried_out(action) for action in actions if not isinstance(action, Stop)))

    def run(self, *, steps: int = 2000) -> "Play":
        while self.stopped is None and len(self.log) < steps:
            self.step()
        assert self.stopped is not None, f"no end after {steps} steps"
        return self

    def carried_out(self, action: Action) -> StudyEvent:
        return self.grown(action) if isinstance(action, Propose) else self.evaluated(action)  # type: ignore[arg-type]

    def grown(self, action: Propose) -> StudyEvent:
        entries = self.world.bank[: action.n] if self.journalling != "refusing" else ()
        if not entries:
            return Refused(action, "there are no training rows")
        self.space = self.space.with_banks({action.variable: Bank(action.variable, entries)})
        ids = tuple(entry.id for entry in entries)
        return Proposed(action.variable, ids, self.space, {entry.id: entry.value for entry in entries})

    def evaluated(self, action: Evaluate) -> StudyEvent:
        active = self.space.canonical(action.candidate.assignment)
        paid = {path: value for path, value in active.items() if self.space[path].hint != FREE_OF_CALLS}
        request = canonical_json(paid)
        known = self.journal.setdefault(request if self.journalling == "by request" else canonical_json(active), set())
        new = [example for example in action.examples if example not in known]
        cost = self.stages * len(new)
        if self.journalling == "refusing" or (self.calls is not None and self.spent + cost > self.calls):
            return Refused(action, "it cannot be paid for")
        self.spent += cost
        known.update(new)
        results = self.world.outcomes(canonical_json(active), request, self.world.logit(active))
        by_example = dict(zip(self.world.examples, results, strict=True))
        told = self.told.setdefault(action.candidate.id, {})
        for example in action.examples:
            if example not in self.lost:
                told[example] = Outcome(example, self.score(by_example[example]))
        left = None if self.calls is None else self.calls - self.spent
        return Told(action.candidate, tuple(told.values()), cost, left)

    @property
    def refused(self) -> list[StudyEvent]:
        return [event for events in self.events for event in events if isinstance(event, Refused)]

    @property
    def evaluated_candidates(self) -> list[Candidate]:
        actions = [action for actions in self.log for action in actions if isinstance(action, Evaluate)]
        return list({action.candidate.id: action.candidate for action in actions}.values())

    @property
    def proposal(self) -> Proposal:
        return self.teleprompter.finalize(self.state)

    @property
    def reached(self) -> float:
        """The true accuracy of the winner."""
        return self.world.truth(self.proposal.ranking[0].candidate.assignment, self.space)


@pytest.fixture
def two_way() -> type[TwoWay]:
    return TwoWay


@pytest.fixture
def demo() -> type[Demo]:
    return Demo


@pytest.fixture
def mixed() -> type[Mixed]:
    return Mixed


@pytest.fixture
def play() -> type[Play]:
    return Play
