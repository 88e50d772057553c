"""The context of one run: values, limits, models and events, passed down and never looked up."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import define, evolve, field

from elixirml.contracts.language_model import LanguageModel, ModelRequest
from elixirml.contracts.repair import Repair
from elixirml.contracts.usage import Usage
from elixirml.errors import BudgetExceeded
from elixirml.runtime.asking import Asking
from elixirml.runtime.budget import Meter
from elixirml.runtime.events import Span
from elixirml.runtime.listening import Listener
from elixirml.runtime.metering import MeteredModel
from elixirml.runtime.result import Lapse, StageRecord, Trace

__all__ = ["RunContext", "Wrap", "derived_seed"]

Wrap = Callable[[LanguageModel, str], LanguageModel]
"""Puts a model into another (a journal, a cache), for the stage at a path."""


def derived_seed(*parts: object) -> int:
    """Return a 31-bit seed made of the parts: equal parts, equal seed; a constant seed would bias an evaluation."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") & 0x7FFFFFFF


@define
class RunContext:
    """What one run carries.

    Attributes:
        values: Variable path to value, for the active variables; banks resolved to what their entries hold.
        meter: What may be used, and what has been.
        seed: Where sampling seeds come from: study seed, example id, repeat.
        span: Where events belong.
        open_model: Returns the model of a name, and the limiter of its concurrency.
        wrap: Puts every model into another; None leaves them bare.
        withheld: Returns a model that is asked nothing any more, for the limit that is reached; see `Models.withheld`.
        idle: Returns the value of a variable that is not active: its default.
        listener: Who listens to what the stages answer; None when nobody does.
        predicted: Told of each predict stage that has answered; None when nobody is to be told.
        stages: Predict stages executed so far.
        lapses: Assertions that failed so far.
        repairs: Replies that did not hold their outputs and were to be repaired, so far.
        usage: What this run used; the meter may be shared with others.
    """

    values: Mapping[str, Any]
    meter: Meter
    seed: str
    span: Span
    open_model: Callable[[str], tuple[LanguageModel, Any]]
    wrap: Wrap | None = None
    withheld: Callable[[str, BudgetExceeded], LanguageModel] | None = field(default=None, kw_only=True)
    idle: Callable[[str], Any] = field(kw_only=True)
    listener: Listener | None = None
    predicted: Callable[[StageRecord], None] | None = field(default=None, kw_only=True)
    stages: list[StageRecord] = field(factory=list[StageRecord])
    lapses: list[Lapse] = field(factory=list[Lapse])
    repairs: list[Repair] = field(factory=list[Repair])
    usage: Usage = field(factory=Usage)
    _sampled: Counter[str] = field(factory=Counter[str])

    def value(self, path: str) -> Any:
        """Return the value of a variable."""
        return self.values[path] if path in self.values else self.idle(path)

    def trace(self) -> Trace:
        """Return how the run has come about so far."""
        return Trace(tuple(self.stages), tuple(self.lapses), tuple(self.repairs))

    def asking(self, model: str, stage: str, span: Span) -> Asking:
        """Return what a predictor asks a model with, bound by budget, limiter, journal and events.

        Args:
            model: The model's name.
            stage: The path of the stage that asks.
            span: Where the events of its calls belong.
        """
        opened, limiter = self.open_model(model)
        metered: LanguageModel = MeteredModel(
            opened, self.meter, limiter, span, stage, None if self.withheld is None else partial(self.withheld, model)
        )
        asked = metered if self.wrap is None else self.wrap(metered, stage)

        def seeded(request: ModelRequest) -> ModelRequest:
            if request.temperature > 0 and request.seed is None:
                return evolve(request, seed=self._sampling_seed(stage))
            return request

        return Asking(asked, seeded, self._book)

    def _sampling_seed(self, stage: str) -> int:
        """Return the next seed of a stage: counted by stage, so that it is the same in whatever order stages run."""
        number = self._sampled[stage]
        self._sampled[stage] += 1
        return derived_seed(self.seed, stage, number)

    def _book(self, usage: Usage) -> None:
        self.usage = self.usage + usage
