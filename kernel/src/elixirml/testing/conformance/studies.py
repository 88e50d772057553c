"""Studies without a model: a world gives every assignment a true accuracy, and a study plays in it.

A world gives every pair of assignment and example one fixed outcome, as a journal does. A study carries out the actions
of a teleprompter, counts calls and tells what came of them.
"""

from collections.abc import Callable, Mapping, Sequence
from math import exp
from random import Random
from typing import Any, Final

from attrs import define, field, frozen

from elixirml.contracts.adapter import FREE_OF_CALLS
from elixirml.contracts.metric import Direction
from elixirml.contracts.teleprompter import (
    Action,
    Candidate,
    Context,
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
from elixirml.variables import Bank, Choice, Entry, Float, Integer, Space, Subset, when

__all__ = ["PretendStudy", "World"]

_SPACE: Final = (
    Choice("layout", default="chat", options=("chat", "plain", "arrow")),
    Choice("only", default="one", options=("one",)),
    Choice("held", default="here", options=("here", "there"), frozen=True),
    Choice("strategy", default="direct", options=("direct", "vote")),
    Integer("votes", default=3, low=2, high=9, active_if=when("strategy").equals("vote")),
    Float("temperature", default=0.7, low=0.0, high=2.0),
    Subset("demos", maximum=8),
)


def _sigmoid(logit: float) -> float:
    return 1.0 / (1.0 + exp(-logit))


@frozen
class World:
    """A search space with a truth.

    Attributes:
        seed: Two worlds of one seed are the same.
        examples: How many examples there are.
        rows: How many labelled rows demos can be made of.
        space: What may be tuned: choices, numbers, a conditional one, demos; and what may not, though it looks like it.
    """

    seed: int = 0
    examples: int = 24
    rows: int = 10
    space: Space = field(factory=lambda: Space(_SPACE))

    @property
    def ids(self) -> tuple[str, ...]:
        """The examples' ids."""
        return tuple(f"example-{at}" for at in range(self.examples))

    @property
    def bank(self) -> tuple[Entry, ...]:
        """The labelled rows as entries of a bank."""
        return tuple(Entry.of({"row": at}, origin="labelled") for at in range(self.rows))

    def logit(self, values: Mapping[str, Json]) -> float:
        """Return how good active values are; any values of any space have a merit."""
        return sum(self._merit(path, value) for path, value in values.items())

    def outcome(self, values: Mapping[str, Json], example: str) -> float:
        """Return 1 where an assignment solves an example, else 0; always the same."""
        luck = Random(f"{self.seed}:{canonical_json(values)}:{example}").random()
        difficulty = Random(f"{self.seed}:{example}").gauss(0.0, 1.0)
        return float(luck < _sigmoid(self.logit(values) - difficulty))

    def _merit(self, path: str, value: Json) -> float:
        if isinstance(value, float):
            return -2.0 * (value - 0.4) ** 2
        if isinstance(value, list):
            return min(0.3 * len(value), 1.2)
        return Random(f"{self.seed}:{path}:{value}").gauss(0.0, 0.7)


@define(eq=False)
class PretendStudy:
    """A study of one teleprompter in one world.

    Attributes:
        teleprompter: The optimizer.
        world: Where it plays.
        calls: Limit on model calls; None for none.
        seed: Drives the generators that the teleprompter is handed.
        options: The teleprompter's own settings.
        direction: Which way scores are better.
        score: Makes an outcome a score.
        lost: Examples whose outcomes never come back.
        stages: Calls that one outcome costs.
        refusing: Carry out nothing.
        log: The actions of each step.
        events: What each step was told, the next step's last.
        told: Outcomes by candidate and example.
        spent: Calls that were made.
        stopped: How it ended.
    """

    teleprompter: Teleprompter
    world: World
    calls: int | None = 150
    seed: int = 0
    options: Mapping[str, Any] = field(factory=dict[str, Any])
    direction: Direction = Direction.MAXIMIZE
    score: Callable[[float], float] = float
    lost: frozenset[str] = frozenset()
    stages: int = 1
    refusing: bool = False
    space: Space = field(init=False)
    state: Any = field(init=False)
    log: list[tuple[Action, ...]] = field(factory=list[tuple[Action, ...]], init=False)
    events: list[tuple[StudyEvent, ...]] = field(factory=lambda: [()], init=False)
    told: dict[str, dict[str, Outcome]] = field(factory=dict[str, dict[str, Outcome]], init=False)
    spent: int = field(default=0, init=False)
    stopped: Stop | None = field(default=None, init=False)
    _journal: dict[str, set[str]] = field(factory=dict[str, set[str]], init=False)

    def __attrs_post_init__(self) -> None:
        self.space = self.world.space
        self.state = self.teleprompter.initialize(self.context())

    def context(self) -> Context:
        """Return what the teleprompter knows at the start."""
        space = self.world.space
        return Context(
            space=space,
            baseline=Candidate.of(space, space.defaults(), origin="baseline"),
            examples=self.world.ids,
            training=self.world.rows,
            calls=self.calls,
            direction=self.direction,
            calls_per_example=self.stages,
            options=dict(self.options),
        )

    def generator(self, step: int) -> Random:
        """Return the generator of a step."""
        return Random(f"{self.seed}:{step}")

    def step(self) -> None:
        """Ask for actions, carry them out and note what came of them."""
        rng = self.generator(len(self.log))
        self.state, asked = self.teleprompter.optimize_step(self.state, self.events[-1], rng)
        actions = tuple(asked)
        self.log.append(actions)
        self.stopped = next((each for each in actions if isinstance(each, Stop)), None)
        self.events.append(tuple(self._done(each) for each in actions if not isinstance(each, Stop)))

    def run(self, *, steps: int = 500) -> "PretendStudy":
        """Go on until the teleprompter stops.

        Raises:
            AssertionError: It does not, within so many steps.
        """
        while self.stopped is None:
            if len(self.log) >= steps:
                raise AssertionError(
                    f"There was no end after {steps} steps: return `Stop` when there is nothing to do."
                )
            self.step()
        return self

    def replay(self, steps: int) -> Sequence[Action]:
        """Return the actions of a step after replaying all before it, as a resumed study does."""
        state, actions = self.teleprompter.initialize(self.context()), tuple[Action, ...]()
        for step in range(steps + 1):
            state, asked = self.teleprompter.optimize_step(state, self.events[step], self.generator(step))
            actions = tuple(asked)
        return actions

    @property
    def actions(self) -> list[Action]:
        """All actions, in their order."""
        return [each for step in self.log for each in step]

    @property
    def evaluations(self) -> list[Evaluate]:
        """All evaluations, in their order."""
        return [each for each in self.actions if isinstance(each, Evaluate)]

    @property
    def refused(self) -> list[Refused]:
        """What could not be carried out."""
        return [each for step in self.events for each in step if isinstance(each, Refused)]

    @property
    def proposal(self) -> Proposal:
        """What was found."""
        return self.teleprompter.finalize(self.state)

    def mean(self, candidate: Candidate) -> float:
        """Return the mean score that was told of a candidate."""
        scores = [each.score for each in self.told[candidate.id].values()]
        return sum(scores) / len(scores)

    def _done(self, action: Evaluate | Propose) -> StudyEvent:
        if self.refusing:
            return Refused(action, "nothing is carried out here")
        return self._grown(action) if isinstance(action, Propose) else self._evaluated(action)

    def _grown(self, action: Propose) -> StudyEvent:
        entries = self.world.bank[: action.n]
        if not entries:
            return Refused(action, "there are no training rows")
        self.space = self.space.with_banks({action.variable: Bank(action.variable, entries)})
        ids = tuple(each.id for each in entries)
        return Proposed(action.variable, ids, self.space, {each.id: each.value for each in entries})

    def _evaluated(self, action: Evaluate) -> StudyEvent:
        active = self.space.canonical(action.candidate.assignment)
        paid = {path: value for path, value in active.items() if self.space[path].hint != FREE_OF_CALLS}
        known = self._journal.setdefault(canonical_json(paid), set())
        new = [each for each in dict.fromkeys(action.examples) if each not in known]
        cost = self.stages * len(new)
        if self.calls is not None and self.spent + cost > self.calls:
            return Refused(action, "it cannot be paid for")
        self.spent += cost
        known.update(new)
        told = self.told.setdefault(action.candidate.id, {})
        for each in action.examples:
            if each in self.world.ids and each not in self.lost:
                told[each] = Outcome(each, self.score(self.world.outcome(active, each)))
        left = None if self.calls is None else self.calls - self.spent
        return Told(action.candidate, tuple(told.values()), cost, left)
