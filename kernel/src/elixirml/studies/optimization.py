"""Optimization: split the data, search, and let the gate decide on examples nobody has seen."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from attrs import define

from elixirml.contracts.metric import Direction
from elixirml.errors import BudgetExceeded, ConfigError, ModelError, StateError
from elixirml.identity import Json, digest
from elixirml.programs.assigning import saved_program
from elixirml.programs.state import SavedProgram
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.events import Span
from elixirml.runtime.kernel import Kernel
from elixirml.runtime.runner import Runner
from elixirml.studies.availability import available
from elixirml.studies.data import examples_of
from elixirml.studies.effects import effects
from elixirml.studies.evaluation import ledger_path, metrics_of
from elixirml.studies.freeing import freed
from elixirml.studies.ledger import Ledger, Row, StudyEntry
from elixirml.studies.report import CandidateSummary, StudyReport, Verdict
from elixirml.studies.scoring import Scorer
from elixirml.studies.splitting import Split, split
from elixirml.studies.statistics import Alternative, Comparison, Interval, interval, paired_test
from elixirml.studies.study import CONFIRMATION_SHARE, Search, Standing, Study
from elixirml.variables import Assignment, Space

__all__ = ["DEFAULT_BUDGET", "run_optimization"]

DEFAULT_BUDGET = Budget(calls=600)
_SIGNIFICANCE = 0.05
_LEAST_EXAMPLES = 10


async def run_optimization(
    kernel: Kernel,
    program: Any,
    train: Any,
    *,
    metric: str = "exact_match",
    teleprompter: str = "auto",
    budget: Budget | None = None,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    free: Sequence[str] = (),
    freeze: Sequence[str] = (),
    resume: bool = False,
) -> StudyReport:
    """Tune a program's variables on data.

    Args:
        kernel: Where it runs.
        program: What `as_program` accepts.
        train: A path, `name:split` of a named set, or examples at hand; split into demos, race and confirmation.
        metric: What to optimize.
        teleprompter: Who searches.
        budget: Limits of search and confirmation together; 600 calls when not given.
        seed: Equal seeds, data and settings lead to the same winner.
        options: The teleprompter's own settings.
        free: Paths, or patterns such as `reply.*`, of variables to search although they are fixed; also of the kernel's
            own, such as `middlewares.retry.max_retries`, see `Kernel.space`.
        freeze: Paths or patterns of variables to keep as declared.
        resume: Go on with the latest study of the same question; what it has scored is not run again.

    Raises:
        ConfigError: There are too few examples, or nothing to resume.
        DeclarationError: A path names no variable.
        ModelError: The model gave no reply, three times in a row; the study can be resumed.
    """
    runner = kernel.runner(program)
    own = runner.assigned()
    space = freed(own.space, free, around=kernel.space)
    space = space.frozen(freeze) if freeze else space
    baseline = own.assignment if len(space) == len(own.space) else space.complete(own.assignment)
    searched, notes = available(space, runner)
    examples = examples_of(train, runner.compiled, kernel.plugins.registry)
    if len(examples) < _LEAST_EXAMPLES:
        raise ConfigError(
            f"{len(examples)} examples are too few to tune on.", hint=f"Give at least {_LEAST_EXAMPLES}, better 150."
        )
    limits = budget or DEFAULT_BUDGET
    parts = split(examples, seed=seed, most_confirmation=_most_confirmation(limits, runner))
    question: dict[str, Json] = {
        "kind": "optimization",
        "program": runner.compiled.name,
        "digest": runner.compiled.digest,
        "baseline": space.canonical(baseline),
        "searched": [each.name for each in searched.searchable],
        "data": digest([each.to_json() for each in examples]),
        "metric": metric,
        "teleprompter": teleprompter,
        "options": dict(options or {}),
        "budget": limits.to_json(),
        "seed": seed,
        "models": _fingerprints(runner, own.space.resolve(own.assignment)),
        "plugins": {str(each.candidate.distribution): str(each.candidate.version) for each in kernel.plugins.records},
    }
    with Ledger(ledger_path(kernel)) as ledger:
        entry = _entry(ledger, question, resume=resume)
        optimization = _Optimization(kernel, runner, ledger, entry, space, searched, baseline, parts, limits, notes)
        return await optimization.run(metric=metric, teleprompter=teleprompter, seed=seed, options=options or {})


def _most_confirmation(budget: Budget, runner: Runner) -> int | None:
    if budget.calls is None:
        return None
    stages = max(1, len(runner.compiled.predict_nodes()))
    return int(budget.calls * CONFIRMATION_SHARE) // (2 * stages)


def _fingerprints(runner: Runner, values: Mapping[str, Json]) -> dict[str, Json]:
    """Return what the replies of the declared models depend on; a name that cannot be used is refused here."""
    names = sorted(runner.models_asked(values))
    return {name: runner.open_model(name)[0].fingerprint for name in names}


def _entry(ledger: Ledger, question: Mapping[str, Json], *, resume: bool) -> StudyEntry:
    asked = digest(question)
    known = ledger.latest(asked) if resume else None
    if resume and known is None:
        raise ConfigError(
            "There is no study of this question to resume.",
            hint="Program, data, metric, teleprompter, options, budget, seed, models and plugins must be the same; see "
            "`elixirml studies list`. To begin one, leave out --resume.",
            code="nothing-to-resume",
        )
    if known is not None:
        ledger.begin(known.id, header_digest=asked, header=question)
        return known
    study = f"{question['program']}-{uuid.uuid4().hex[:8]}"
    ledger.begin(study, header_digest=asked, header=question)
    return StudyEntry(study, question, "running", None, 0.0, 0.0)


@define
class _Optimization:
    """One call of `run_optimization`."""

    kernel: Kernel
    runner: Runner
    ledger: Ledger
    entry: StudyEntry
    space: Space
    searched: Space
    baseline: Assignment
    parts: Split
    budget: Budget
    notes: tuple[str, ...]

    async def run(self, *, metric: str, teleprompter: str, seed: int, options: Mapping[str, Any]) -> StudyReport:
        meter = Meter(self.budget)
        meter.started -= self.entry.seconds
        span = Span(self.kernel.events, self.entry.id, self.kernel.events.number())
        scorer = Scorer(self.runner, metrics_of(self.kernel, [metric]), self.ledger, self.entry.id, meter, seed, span)
        study = Study(
            scorer=scorer,
            teleprompter=self.kernel.plugins.registry.resolve("teleprompters", teleprompter),
            name=teleprompter,
            space=self.searched,
            baseline=self.baseline,
            split=self.parts,
            budget=self.budget,
            confirm_calls=2 * len(self.parts.confirm) * max(1, len(self.runner.compiled.predict_nodes())),
            options=options,
        )
        try:
            with span.inside(
                "study", study=self.entry.id, program=self.runner.compiled.name, teleprompter=teleprompter
            ):
                report = await self._report(study)
        except Exception as error:
            with suppress(StateError):  # a full disk is told once
                self.ledger.finish(self.entry.id, status="failed", seconds=meter.elapsed())
            if isinstance(error, ModelError):
                error.hint = error.hint or "Nothing scored is lost: run the same command with --resume."
            raise
        self.ledger.finish(self.entry.id, status="done", seconds=report.seconds, result=report.to_json())
        return report

    async def _report(self, study: Study) -> StudyReport:
        scorer = study.scorer
        scorer.span.tell("study.phase", phase="search", calls=study.budget.calls, confirm=study.confirm_calls)
        search = await study.search()
        best = search.proposal.ranking[0].candidate
        baseline_id = Assignment(search.space.canonical(self.baseline)).digest
        finalist = search.standings.get(best.id)
        scorer.span.tell("study.phase", phase="confirm", examples=len(self.parts.confirm))
        gate = _Gate(study, search, self.baseline)
        if finalist is None or best.id == baseline_id:
            decided = gate.keep(search.standings.get(baseline_id))
        elif not self.parts.confirm:
            decided = gate.unseen(finalist, search.standings.get(baseline_id))
        else:
            decided = await gate.confirm(finalist)
        return self._written(study, search, decided)

    def _written(self, study: Study, search: Search, decided: "_Decision") -> StudyReport:
        meter = study.scorer.meter
        candidates = _summaries(search, study.metric, self.baseline)
        scored = [
            (search.space.canonical(search.standings[each.id].candidate.assignment), each.estimate, float(each.n))
            for each in candidates
        ]
        about: dict[str, Json] = {
            "study": self.entry.id,
            "metric": study.metric,
            "verdict": str(decided.verdict),
            "score": (decided.tuned if decided.verdict is Verdict.CONFIRMED else decided.baseline).mean,
        }
        return StudyReport(
            study=self.entry.id,
            program=self.runner.compiled.name,
            metric=study.metric,
            verdict=decided.verdict,
            baseline=decided.baseline,
            tuned=decided.tuned,
            comparison=decided.comparison,
            best=self._best(search, decided, about),
            candidates=candidates,
            effects=effects(search.space, scored, direction=study.direction),
            usage=meter.spent,
            search_calls=search.calls,
            confirm_calls=meter.spent.calls - search.calls,
            reused_calls=meter.reused,
            seconds=meter.elapsed(),
            stop=search.stop,
            notes=(*decided.notes, *self.notes),
            unit=study.scorer.metrics[study.metric].unit,
        )

    def _best(self, search: Search, decided: "_Decision", about: Mapping[str, Json]) -> SavedProgram:
        """Return what the study ends with; the program as declared leaves the kernel as it is, and so names no part."""
        space, best, own = self.space, decided.best, self.runner.assigned().space
        if decided.verdict is not Verdict.CONFIRMED and len(space) > len(own):
            space, best = own, Assignment({path: value for path, value in best.items() if path in own})
        return saved_program(
            self.runner.compiled,
            space.with_banks(search.space.banks),
            best,
            capabilities=self.runner.capabilities,
            about=about,
        )


def _summaries(search: Search, metric: str, baseline: Assignment) -> tuple[CandidateSummary, ...]:
    declared = search.space.canonical(baseline)
    summaries: list[CandidateSummary] = []
    for ranked in search.proposal.ranking:
        standing = search.standings.get(ranked.candidate.id)
        if standing is None or not standing.rows:
            continue
        scores = standing.scores(metric)
        active = search.space.canonical(standing.assignment)
        values = {path: value for path, value in active.items() if path not in declared or declared[path] != value}
        summaries.append(
            CandidateSummary(
                ranked.candidate.id,
                ranked.candidate.origin,
                values,
                len(scores),
                sum(scores) / len(scores),
                ranked.estimate,
                standing.calls,
            )
        )
    return tuple(summaries)


@define
class _Decision:
    """What the gate decided, and on what grounds."""

    verdict: Verdict
    best: Assignment
    baseline: Interval
    tuned: Interval
    comparison: Comparison | None
    notes: tuple[str, ...] = ()


@define
class _Gate:
    """Decides between the finalist and the program as declared.

    A finalist is confirmed when a one-sided paired test on examples that neither search nor demos have seen gives
    p < 0.05; otherwise the program as declared is kept.
    """

    study: Study
    search: Search
    baseline: Assignment

    def keep(self, standing: Standing | None) -> _Decision:
        """Keep the baseline: nothing better was found."""
        found = self._seen(standing)
        note = "Tuning is unlikely to pay here: no candidate was believed to be better than the program as declared."
        if standing is None or not standing.rows:
            note = f"The program as declared could not be scored, so nothing can be said: {self.search.stop}."
        return _Decision(Verdict.BASELINE_KEPT, self.baseline, found, found, None, (note,))

    def unseen(self, finalist: Standing, standing: Standing | None) -> _Decision:
        """Refuse a verdict: no examples are kept for confirmation."""
        note = (
            "With fewer than 40 examples, or calls for fewer than 4, none are kept for confirmation; "
            "scores are of the race and flatter."
        )
        return self._undecided(self._seen(standing), self._seen(finalist), note)

    async def confirm(self, finalist: Standing) -> _Decision:
        """Compare finalist and baseline on the confirmation examples."""
        before = await self._scores(self.baseline)
        after = await self._scores(finalist.assignment)
        n = min(len(before), len(after))
        if n == 0:
            note = "The budget ended before the finalist was seen on a single example of the confirmation."
            return self._undecided(_interval(before), _interval(after), note)
        better: Alternative = "greater" if self.study.direction is Direction.MAXIMIZE else "less"
        comparison = paired_test(before[:n], after[:n], alternative=better, seed=self.study.scorer.seed)
        gain = comparison.difference if better == "greater" else -comparison.difference
        confirmed = comparison.p_value < _SIGNIFICANCE and gain > 0
        kept = len(self.study.split.confirm)
        notes = [] if n == kept else [f"The budget ended after {n} of the {kept} examples kept for confirmation."]
        return _Decision(
            Verdict.CONFIRMED if confirmed else Verdict.UNCONFIRMED,
            finalist.assignment if confirmed else self.baseline,
            interval(before[:n]),
            interval(after[:n]),
            comparison,
            tuple(notes if confirmed else [*notes, _doubt(comparison)]),
        )

    def _undecided(self, baseline: Interval, tuned: Interval, note: str) -> _Decision:
        return _Decision(Verdict.UNCONFIRMED, self.baseline, baseline, tuned, None, (note,))

    def _seen(self, standing: Standing | None) -> Interval:
        return _interval([] if standing is None else standing.scores(self.study.metric))

    async def _scores(self, assignment: Assignment) -> list[float]:
        """Return the scores on the confirmation examples, up to where the budget ended."""
        study = self.study
        try:
            rows = await study.scorer.score(assignment, study.split.confirm, space=self.search.space)
        except BudgetExceeded as error:
            rows = cast("tuple[Row, ...]", error.partial)
        return [row.scores[study.metric] for row in rows]


def _interval(scores: Sequence[float]) -> Interval:
    return interval(scores) if scores else Interval(0.0, None, None, 0, 0.95)


def _doubt(comparison: Comparison) -> str:
    return (
        f"The finalist was not confirmed (p = {comparison.p_value:.3g} on {comparison.n} unseen examples), so the "
        "program as declared is kept. More examples would show smaller differences."
    )
