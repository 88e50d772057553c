"""The study: carries out what a teleprompter asks for, within a budget, through the ledger, to an honest verdict.

The teleprompter is pure and all its randomness is seeded by study and step, so running a study again over the same
ledger repeats every decision without a call: that is how it resumes.
"""

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from attrs import Factory, define, evolve, field

from elixirml.contracts.metric import Direction, Example
from elixirml.contracts.teleprompter import (
    Candidate,
    Context,
    Evaluate,
    Outcome,
    Proposal,
    Propose,
    Proposed,
    Ranked,
    Refused,
    Stop,
    StudyEvent,
    Teleprompter,
    Told,
)
from elixirml.errors import BudgetExceeded, ConfigError, did_you_mean
from elixirml.runtime.budget import Budget
from elixirml.runtime.context import derived_seed
from elixirml.runtime.result import StageRecord
from elixirml.studies.fitting import fitted, wants_fitting
from elixirml.studies.ledger import Row
from elixirml.studies.proposals import SOURCES, bootstrapped_demos, demo_stage, labelled_demos
from elixirml.studies.scoring import Scorer
from elixirml.studies.splitting import Split
from elixirml.variables import Assignment, Banked, Entry, Fitted, Space

__all__ = ["CONFIRMATION_SHARE", "Search", "Standing", "Study"]

CONFIRMATION_SHARE = 0.25
"""How much of a budget the confirmation may take at most."""

_MOST_IDLE_STEPS = 3
_FOLDS = 5


@define
class Standing:
    """What is known of one candidate.

    Attributes:
        candidate: The candidate, its fitted variables unfitted.
        assignment: Its values, fitted on all its rows.
        raw: Rows scored before fitting, in the order they were pulled.
        rows: The same rows, each read with values fitted on the others.
        calls: Calls spent in the search when it was last pulled.
    """

    candidate: Candidate
    assignment: Assignment
    raw: tuple[Row, ...] = ()
    rows: tuple[Row, ...] = ()
    calls: int = 0

    def scores(self, metric: str) -> list[float]:
        """Return its scores, in the order the rows were pulled."""
        return [row.scores[metric] for row in self.rows]


@define
class Search:
    """What a search found.

    Attributes:
        proposal: The teleprompter's ranking.
        standings: Every candidate by id.
        space: The space with its grown banks.
        stop: Why it ended.
        calls: Calls charged to it.
    """

    proposal: Proposal
    standings: Mapping[str, Standing]
    space: Space
    stop: str
    calls: int


@define
class Study:
    """One search; made by `elixirml.studies.optimization`.

    Attributes:
        scorer: Scores candidates; its first metric is what is optimized.
        teleprompter: Who proposes.
        name: The teleprompter's name; takes part in its seed.
        space: The searchable space; grows with its banks.
        baseline: The program as declared.
        split: The examples.
        budget: Limits of the whole study.
        confirm_calls: Calls kept for the confirmation.
        options: The teleprompter's own settings.
    """

    scorer: Scorer
    teleprompter: Teleprompter
    name: str
    space: Space
    baseline: Assignment
    split: Split
    budget: Budget
    confirm_calls: int
    options: Mapping[str, Any]
    standings: dict[str, Standing] = field(factory=dict[str, Standing])
    examples: dict[str, Example] = field(
        default=Factory(lambda self: {each.id: each for each in self.split.race}, takes_self=True)
    )

    @property
    def metric(self) -> str:
        """The metric that is optimized."""
        return next(iter(self.scorer.metrics))

    @property
    def direction(self) -> Direction:
        """Which way it is better."""
        return self.scorer.metrics[self.metric].direction

    async def search(self) -> Search:
        """Run the search to its end.

        Raises:
            ModelError: The model gave no reply, three times in a row; resuming goes on from here.
            ConfigError: An option of the teleprompter is wrong.
        """
        state = self.teleprompter.initialize(self._context())
        events: tuple[StudyEvent, ...] = ()
        stop, step, idle = "", 0, 0
        while not stop:
            rng = Random(derived_seed(self.scorer.seed, self.name, step))
            state, actions = self.teleprompter.optimize_step(state, events, rng)
            before = self._progress()
            events, stop = await self._carry_out(actions)
            idle = idle + 1 if self._progress() == before else 0
            if not stop and (not actions or idle >= _MOST_IDLE_STEPS):
                stop = _idle_reason(events)
            step += 1
        self._close()
        return Search(
            self._ranked(self.teleprompter.finalize(state)),
            self.standings,
            self.space,
            stop,
            self.scorer.meter.spent.calls,
        )

    def _progress(self) -> tuple[int, ...]:
        """Return what grows with every step that brings something new: outcomes, and entries of banks."""
        return (
            sum(len(each.rows) for each in self.standings.values()),
            sum(len(bank.entries) for bank in self.space.banks.values()),
        )

    def _context(self) -> Context:
        self.scorer.meter.budget = self._search_budget()
        return Context(
            space=self.space,
            baseline=Candidate.of(self.space, self.baseline, origin="baseline"),
            examples=tuple(each.id for each in self.split.race),
            training=len(self.split.train),
            calls=self.scorer.meter.budget.calls,
            direction=self.direction,
            calls_per_example=max(1, len(self.scorer.runner.compiled.predict_nodes())),
            options=self.options,
        )

    def _search_budget(self) -> Budget:
        """Return the limits of the search: the confirmation keeps its calls, and its share of everything else."""
        limits, share = self.budget, 1 - CONFIRMATION_SHARE if self.split.confirm else 1.0
        return Budget(
            calls=None if limits.calls is None else limits.calls - self.confirm_calls,
            tokens=None if limits.tokens is None else int(limits.tokens * share),
            money=None if limits.money is None else limits.money * share,
            seconds=None if limits.seconds is None else limits.seconds * share,
        )

    def _close(self) -> None:
        """Give the rest of the budget to the confirmation."""
        self.scorer.meter.budget = self.budget

    def _ranked(self, proposal: Proposal) -> Proposal:
        """Return the proposal, or the baseline alone when it names no candidate that was evaluated."""
        known = tuple(
            each
            for each in proposal.ranking
            if each.candidate.id in self.standings and self.standings[each.candidate.id].rows
        )
        baseline = Candidate.of(self.space, self.baseline, origin="baseline")
        return Proposal(known) if known else Proposal((Ranked(baseline, 0.0, 0.0),))

    async def _carry_out(self, actions: Sequence[Any]) -> tuple[tuple[StudyEvent, ...], str]:
        events: list[StudyEvent] = []
        for action in actions:
            match action:
                case Stop(reason=reason):
                    return tuple(events), reason or "the teleprompter is done"
                case Evaluate():
                    events.append(await self._evaluate(action))
                case Propose():
                    events.append(await self._propose(action))
                case _:
                    raise ConfigError(f"{action!r} is not an action of a teleprompter.")
        return tuple(events), ""

    # Evaluate

    async def _evaluate(self, action: Evaluate) -> StudyEvent:
        candidate = action.candidate
        unknown = [each for each in action.examples if each not in self.examples]
        if unknown:
            return Refused(action, f"no race example is called {unknown[0]!r}")
        problems = self.space.problems(candidate.assignment, base=self.baseline)
        if problems:
            return Refused(action, "; ".join(str(each) for each in problems))
        spent = self.scorer.meter.spent.calls
        try:
            standing = await self._pull(self._unfitted(candidate), action.examples)
        except BudgetExceeded as error:
            return Refused(action, error.message)
        # A process that is killed later leaves behind how long it ran.
        self.scorer.ledger.elapsed(self.scorer.study, self.scorer.meter.elapsed())
        calls = self.scorer.meter.spent.calls - spent
        standing.calls = self.scorer.meter.spent.calls
        self._tell(standing)
        return Told(
            candidate,
            tuple(Outcome(row.example, row.scores[self.metric], row.fault, row.message) for row in standing.rows),
            calls,
            self.scorer.meter.remaining_calls(),
        )

    def _unfitted(self, candidate: Candidate) -> Candidate:
        """Return the candidate without the values that were fitted to the program as declared: they are not its own."""
        if candidate.id == Candidate.of(self.space, self.baseline, origin="baseline").id:
            return candidate
        taken = {
            each.name: each.default
            for each in self.space.variables
            if isinstance(each, Fitted) and candidate.assignment.get(each.name) == self.baseline.get(each.name)
        }
        return evolve(candidate, assignment=candidate.assignment.with_values(taken))

    async def _pull(self, candidate: Candidate, ids: Sequence[str]) -> Standing:
        standing = self.standings.get(candidate.id) or Standing(candidate, candidate.assignment)
        seen = {row.example for row in standing.raw}
        new = [self.examples[each] for each in dict.fromkeys(ids) if each not in seen]
        raw = (*standing.raw, *await self.scorer.score(candidate.assignment, new, space=self.space))
        assignment, rows = candidate.assignment, raw
        if wants_fitting(self.space, candidate.assignment):
            assignment = self._fitted(candidate, raw)
            rows = await self._cross_fitted(candidate, raw)
        standing.assignment, standing.raw, standing.rows = assignment, raw, rows
        self.standings[candidate.id] = standing
        return standing

    def _fitted(self, candidate: Candidate, rows: Sequence[Row]) -> Assignment:
        return fitted(self.scorer.runner, self.space, candidate.assignment, rows, self.examples)

    async def _cross_fitted(self, candidate: Candidate, raw: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows scored with values fitted on other rows: a fit judged on its own rows would flatter itself.

        No call is made: the replies are in the journal, and only their reading changes.
        """
        folds = min(_FOLDS, len(raw))
        scored: dict[int, Row] = {}
        for fold in range(folds):
            others = [row for at, row in enumerate(raw) if at % folds != fold]
            held = [at for at in range(len(raw)) if at % folds == fold]
            assignment = self._fitted(candidate, others)
            examples = [self.examples[raw[at].example] for at in held]
            rows = await self.scorer.score(assignment, examples, space=self.space, record=False)
            scored.update(zip(held, rows, strict=True))
        return tuple(scored[at] for at in range(len(raw)))

    def _tell(self, standing: Standing) -> None:
        meter = self.scorer.meter
        scores = standing.scores(self.metric)
        self.scorer.span.tell(
            "study.trial",
            candidate=standing.candidate.id,
            origin=standing.candidate.origin,
            n=len(scores),
            mean=sum(scores) / len(scores) if scores else 0.0,
            candidates=len(self.standings),
            calls=meter.spent.calls,
            limit=meter.budget.calls,
            seconds=meter.elapsed(),
        )

    # Propose

    async def _propose(self, action: Propose) -> StudyEvent:
        if action.source not in SOURCES:
            return Refused(action, f"`{action.source}` is no source of demos. {did_you_mean(action.source, SOURCES)}")
        try:
            node = demo_stage(self.scorer.runner, action.variable)
            if action.source == "labelled":
                entries = labelled_demos(node, self.split.train, action.n)
            else:
                entries = bootstrapped_demos(node, await self._good_runs(), n=action.n)
        except (BudgetExceeded, ConfigError) as error:
            return Refused(action, error.message)
        return self._grown(action, entries)

    def _grown(self, action: Propose, entries: Sequence[Entry]) -> StudyEvent:
        variable = self.space[action.variable]
        assert isinstance(variable, Banked)  # noqa: S101 - the compiler lets demos be nothing else
        bank = self.space.banks[variable.bank_name]
        new = tuple(each for each in entries if each.id not in bank)
        if not new:
            return Refused(action, f"there is nothing new for the bank of `{action.variable}`")
        self.space = self.space.with_banks({**self.space.banks, variable.bank_name: bank.extended(new)})
        self.scorer.span.tell("study.bank", variable=action.variable, source=action.source, entries=len(new))
        return Proposed(
            action.variable, tuple(each.id for each in new), self.space, {each.id: each.value for each in new}
        )

    async def _good_runs(self) -> list[Sequence[StageRecord]]:
        """Run the program as declared on the training rows; return the stage records of the runs that scored best.

        A run that scored no better than a reply that cannot be used is an example of nothing.
        """
        scorer = self.scorer
        metric = scorer.metrics[self.metric]
        rows = await scorer.score(self.baseline, self.split.train, space=self.space)
        sign = 1 if self.direction is Direction.MAXIMIZE else -1
        scores = [sign * row.scores[self.metric] for row in rows if row.fault is None]
        best = max(scores, default=-math.inf)
        if best <= sign * metric.failure:
            return []
        good = [
            example
            for example, row in zip(self.split.train, rows, strict=True)
            if row.fault is None and sign * row.scores[self.metric] == best
        ]
        # The rows' own runs asked for these replies, so they are in the journal and cost nothing.
        return [await scorer.trace(self.baseline, example, space=self.space) for example in good]


def _idle_reason(events: Sequence[StudyEvent]) -> str:
    """Return why a search that brings nothing new is over."""
    reasons = [each.reason for each in events if isinstance(each, Refused)]
    return f"nothing more can be tried: {reasons[-1]}" if reasons else "nothing more to try"
