"""What a study found, as one record: the tables, plots and JSON are made of it."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import evolve, field, frozen

from elixirml.contracts.usage import Usage
from elixirml.identity import Json
from elixirml.programs.state import SavedProgram
from elixirml.studies.evaluation import interval_json
from elixirml.studies.statistics import Comparison, Interval

__all__ = ["CandidateSummary", "Effect", "StudyReport", "Verdict"]


class Verdict(StrEnum):
    """What the gate decided."""

    CONFIRMED = "confirmed"  #: the finalist beat the baseline on examples nobody had seen
    UNCONFIRMED = "unconfirmed"  #: it may be better, but the examples at hand cannot show it
    BASELINE_KEPT = "baseline kept"  #: nothing better than the program as declared was found


@frozen
class CandidateSummary:
    """One candidate of the search.

    Attributes:
        id: Digest of its active values.
        origin: Which operation made it.
        values: The active values that differ from the declared ones.
        n: How many race examples it saw.
        mean: Its raw mean there.
        estimate: What it is believed to be worth, shrunk.
        calls: Calls spent in the search when it was last pulled.
    """

    id: str
    origin: str
    values: Mapping[str, Json] = field(hash=False)
    n: int
    mean: float
    estimate: float
    calls: int

    def to_json(self) -> dict[str, Json]:
        """Return the summary as plain data."""
        return {
            "id": self.id,
            "origin": self.origin,
            "values": dict(self.values),
            "n": self.n,
            "mean": self.mean,
            "estimate": self.estimate,
            "calls": self.calls,
        }


@frozen
class Effect:
    """How much a variable mattered: the share of the spread between candidates that its values go with."""

    variable: str
    share: float
    best: str

    def to_json(self) -> dict[str, Json]:
        """Return the effect as plain data."""
        return {"variable": self.variable, "share": self.share, "best": self.best}


@frozen
class StudyReport:
    """What a study found.

    Attributes:
        study: The study's id.
        program: The program's name.
        metric: What was optimized.
        verdict: What the gate decided.
        baseline: The program as declared, on the confirmation examples (or the race, without any).
        tuned: The finalist, on the same examples.
        comparison: The paired comparison on those examples; None when the baseline is the finalist.
        best: What to use from now on: the finalist when confirmed, else the program as declared.
        candidates: All candidates, the best estimate first.
        effects: Which variables mattered, the strongest first.
        usage: Charged to the study: search and confirmation, over all its processes.
        search_calls: Model calls of the search.
        confirm_calls: Model calls of the confirmation.
        reused_calls: Calls among them that were taken from the ledger, not made again.
        seconds: Wall-clock time, over all its processes.
        stop: Why the search ended.
        notes: What the reader should know, in sentences.
        unit: What the metric is measured in: `fraction`, `seconds`, ...
    """

    study: str
    program: str
    metric: str
    verdict: Verdict
    baseline: Interval
    tuned: Interval
    comparison: Comparison | None
    best: SavedProgram
    candidates: tuple[CandidateSummary, ...]
    effects: tuple[Effect, ...]
    usage: Usage
    search_calls: int
    confirm_calls: int
    reused_calls: int
    seconds: float
    stop: str
    notes: tuple[str, ...] = ()
    unit: str = "fraction"

    def save(self, path: str | Path) -> "StudyReport":
        """Save the best program, and return the report unchanged."""
        self.best.save(path)
        return self

    def with_notes(self, *notes: str) -> "StudyReport":
        """Return the report with more notes."""
        return evolve(self, notes=(*self.notes, *notes))

    def to_json(self) -> dict[str, Json]:
        """Return the report as plain data."""
        difference: Any = None
        if self.comparison is not None:
            difference = {
                **interval_json(self.comparison.interval),
                "p_value": self.comparison.p_value,
                "wins": self.comparison.wins,
                "losses": self.comparison.losses,
                "test": self.comparison.test,
            }
        return {
            "study": self.study,
            "program": self.program,
            "metric": self.metric,
            "unit": self.unit,
            "verdict": str(self.verdict),
            "baseline": interval_json(self.baseline),
            "tuned": interval_json(self.tuned),
            "difference": difference,
            "best": self.best.to_json(),
            "usage": {
                **self.usage.to_json(),
                "search_calls": self.search_calls,
                "confirm_calls": self.confirm_calls,
                "reused_calls": self.reused_calls,
            },
            "seconds": round(self.seconds, 3),
            "stop": self.stop,
            "effects": [each.to_json() for each in self.effects],
            "candidates": [each.to_json() for each in self.candidates],
            "notes": list(self.notes),
        }
