"""The course of the demonstration, without printing."""

import uuid
from collections.abc import Mapping
from functools import partial
from time import monotonic
from typing import Any, Final

from attrs import field, frozen

from elixirml.cli.output import request_text
from elixirml.cli.progress import Line, bar
from elixirml.contracts import Example, Usage
from elixirml.errors import ConfigError
from elixirml.identity import Json
from elixirml.programs.program import Program
from elixirml.runtime.budget import Budget
from elixirml.runtime.kernel import Kernel
from elixirml.studies.calibrating import calibrated
from elixirml.studies.data import examples_of
from elixirml.studies.evaluation import Evaluation, interval_json, run_evaluation
from elixirml.studies.ledger import Row
from elixirml.studies.optimization import run_optimization
from elixirml.studies.page import study_page
from elixirml.studies.report import StudyReport, Verdict
from elixirml_local.demo.program import CONTROL, SentenceSource

__all__ = ["ADVICE", "DATASET", "METRIC", "DemoResult", "Measured", "begun_or_resumed", "run_demo"]

DATASET: Final = "sentence_source"
METRIC: Final = "exact_match"
_FITTING_ROWS: Final = 60

ADVICE: Final = (
    "your own program: write it as a class in qa.py, then elixirml optimize qa.py:QA --train rows.jsonl --out qa.json",
    "the prompt and the variables of this one: elixirml show demo.json --program elixirml_local.demo.program",
    "how much was luck: elixirml demo --seed 1; what more calls find: elixirml demo --budget calls=1200",
)


@frozen
class Measured:
    """One row of the table: a program on the test rows."""

    name: str
    evaluation: Evaluation


@frozen
class DemoResult:
    """What the demonstration found.

    Attributes:
        rows: The program as declared, the controls, and the tuned program, on the same test rows.
        study: The optimization.
        prompt: The tuned prompt as it is sent, for the first test row.
        seconds: Of everything, fetching aside.
        usage: Of everything; the study's own is in `study.usage`.
    """

    rows: tuple[Measured, ...]
    study: StudyReport
    prompt: str
    seconds: float
    usage: Usage = field(factory=Usage)

    def page(self) -> str:
        """Return the demonstration as an HTML page."""
        return study_page(
            self.study,
            title="Where was it published?",
            lead="A sentence is a tweet, a film review, a product review or a news editorial. Scores are of "
            f"{self.rows[0].evaluation.metrics[METRIC].n} test rows that neither search nor confirmation has seen.",
            scores=[(each.name, each.evaluation.metrics[METRIC]) for each in self.rows],
            prompt=self.prompt,
            advice=ADVICE,
        )

    def to_json(self, *, saved: str, report: str) -> dict[str, Json]:
        """Return the demonstration as plain data."""
        scores = {each.name: interval_json(each.evaluation.metrics[METRIC]) for each in self.rows}
        names = list(scores)
        return {
            "baseline": scores[names[0]],
            "tuned": scores[names[-1]],
            "controls": {name: scores[name] for name in names[1:-1]},
            "verdict": str(self.study.verdict),
            "confirmation": self.study.to_json()["difference"],
            "usage": {
                **self.usage.to_json(),
                "search_calls": self.study.search_calls,
                "confirm_calls": self.study.confirm_calls,
            },
            "model_calls": self.usage.calls,
            "tokens": self.usage.tokens_in + self.usage.tokens_out,
            "seconds": round(self.seconds, 1),
            "winner": self.study.best.assignment.digest,
            "effects": [each.to_json() for each in self.study.effects],
            "study": self.study.study,
            "saved": saved,
            "report": report,
        }


async def run_demo(
    kernel: Kernel, *, line: Line, budget: Budget, seed: int, test_rows: int, resume: bool = False
) -> DemoResult:
    """Measure the program as declared and two controls, tune it, and measure the result on the same test rows.

    Args:
        kernel: Where it runs.
        line: Where to say how far it is.
        budget: Limits of the search and its confirmation.
        seed: Where sampling seeds come from.
        test_rows: How many rows to measure on.
        resume: Go on with the latest search of the same question, if there is one; the measurements are made again.
    """
    started = monotonic()
    declared = SentenceSource()
    compiled = kernel.compile(declared)
    registry = kernel.plugins.registry
    test = examples_of(f"{DATASET}:test", compiled, registry)[:test_rows]
    train = examples_of(f"{DATASET}:train", compiled, registry)
    scope = f"demo-{uuid.uuid4().hex[:8]}"

    async def measured(name: str, program: Program[Any, Any]) -> Measured:
        watch = _Watch(line, name, len(test))
        found = await run_evaluation(kernel, program, test, metrics=[METRIC], seed=seed, scope=scope, on_row=watch.row)
        line.say(f"{name}: {100 * found.metrics[METRIC].mean:.1f} % of {len(test)} test rows")
        return Measured(name, found)

    rows = [await measured("as declared", declared)]
    fits = Usage()
    for name, values in (
        ("one better wording, calibrated", CONTROL),
        ("the same, with a fitted readout", {**CONTROL, "reply.choice.calibration": "readout"}),
    ):
        control, used = await _fitted(kernel, declared, values, train, seed=seed, scope=scope)
        fits = fits + used
        rows.append(await measured(name, control))
    study = await begun_or_resumed(kernel, declared, train, line=line, budget=budget, seed=seed, resume=resume)
    tuned = declared.with_saved(study.best)
    kept = study.verdict is Verdict.CONFIRMED
    rows.append(await measured("tuned" if kept else "kept as declared", tuned))
    shown = kernel.runner(tuned).preview(test[0].inputs)
    usage = sum((each.evaluation.usage for each in rows), fits + study.usage)
    return DemoResult(tuple(rows), study, request_text(shown[0][1]), monotonic() - started, usage)


async def begun_or_resumed(
    kernel: Kernel, program: object, train: object, *, line: Line, budget: Budget, seed: int, resume: bool
) -> StudyReport:
    """Tune the program; what was killed before its search began has nothing to resume, and begins."""
    search = partial(run_optimization, kernel, program, train, metric=METRIC, budget=budget, seed=seed)
    if resume:
        try:
            return await search(resume=True)
        except ConfigError as error:
            if error.code != "nothing-to-resume":
                raise
            line.say("no search to go on with: it begins now")
    return await search()


async def _fitted(
    kernel: Kernel,
    declared: SentenceSource,
    values: Mapping[str, Json],
    train: tuple[Example, ...],
    *,
    seed: int,
    scope: str,
) -> tuple[Program[Any, Any], Usage]:
    """Return the program with these values and its calibration fitted on training rows, without any search."""
    program = declared.with_values(values)
    return await calibrated(kernel, program, train[:_FITTING_ROWS], metrics=[METRIC], seed=seed, scope=scope)


class _Watch:
    """Draws a line while rows are scored."""

    def __init__(self, line: Line, name: str, total: int) -> None:
        self._line = line
        self._name = name
        self._total = total
        self._done = 0
        self._right = 0.0

    def row(self, row: Row) -> None:
        self._done += 1
        self._right += row.scores[METRIC]
        share = 100 * self._right / self._done
        self._line.show(f"{self._name}  {bar(self._done, self._total)} {self._done}/{self._total}  {share:.0f} %")
