"""What the tests of studies share: a scripted world, a program in it, and teleprompters that do as they are told."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, ClassVar, Literal

import pytest
from attrs import define, field, frozen

import elixirml as ml
from elixirml.contracts import (
    Action,
    Candidate,
    Context,
    Direction,
    Evaluate,
    Example,
    ModelRequest,
    Prediction,
    Proposal,
    Ranked,
    Score,
    Stop,
    StudyEvent,
    Told,
)
from elixirml.identity import Json
from elixirml.plugins import PluginManager
from elixirml.runtime.budget import Budget, Meter
from elixirml.runtime.events import Span
from elixirml.studies.ledger import Ledger
from elixirml.studies.report import StudyReport
from elixirml.studies.scoring import Scorer
from elixirml.testing.models import ScriptedModel, ScriptedProvider

TEXT = re.compile(r"(film|book)-(\d+)")
PLAIN, CLEVER, DULL = "Be plain.", "Be clever.", "Be dull."


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["film", "book"]


class Sorter(ml.Program[Text, Label]):
    """Sort the text."""

    reply = ml.predict(Label, model="scripted/m", adapter="choice", instruction=ml.variable(PLAIN, bank=[CLEVER, DULL]))


def shown(request: ModelRequest) -> str:
    """Everything a model is shown."""
    return (request.text or "") + "\n".join(each.content for each in request.messages)


def asked(request: ModelRequest) -> str:
    """The text the request is about: the last one it shows."""
    return TEXT.findall(shown(request))[-1][0] + "-" + TEXT.findall(shown(request))[-1][1]


def luck(*parts: object) -> float:
    """A number from 0 to 1, the same for the same parts."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:6], "big") / 2**48


@define
class World:
    """A model that is right with the chance of its instruction."""

    chances: Mapping[str, float]
    seen: list[str] = field(factory=list)

    def __call__(self, request: ModelRequest) -> str | Mapping[str, float]:
        """Answer; where labels are scored, the wrong one is always too likely by the same amount."""
        subject = asked(request)
        self.seen.append(subject)
        truth = subject.partition("-")[0]
        instruction = next((each for each in self.chances if each in shown(request)), "")
        right = luck(instruction, subject) < self.chances.get(instruction, 0.5)
        other = {"film": "book", "book": "film"}
        found = truth if right else other[truth]
        if request.labels:
            tilt = {"film": 1.5, "book": 0.0}
            return {
                label: (1.0 if found in label else 0.0) + next(tilt[word] for word in tilt if word in label) - 3
                for label in (*request.labels, *request.probes)
                if any(word in label for word in tilt)
            }
        return found


def rows(count: int, *, start: int = 0) -> list[dict[str, Any]]:
    """Labelled rows, half of each label."""
    kinds = ["film" if number % 2 else "book" for number in range(start, start + count)]
    return [{"text": f"{kind}-{start + at}", "label": kind, "id": f"row-{start + at}"} for at, kind in enumerate(kinds)]


@frozen
class Errors:
    """1 for a wrong label: less is better."""

    direction: Direction = Direction.MINIMIZE
    unit: str = "errors"
    failure: float = 2.0

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(float(prediction.fields["label"] != example.expected["label"]))


Step = Callable[[Context, Sequence[StudyEvent]], Sequence[Action]]


class Steps:
    """A teleprompter that carries out steps written in a test, and ranks by the raw mean of what it was told."""

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.told: list[StudyEvent] = []
        self.contexts: list[Context] = []

    def initialize(self, context: Context) -> Any:
        self.contexts.append(context)
        return context, 0, {}

    def optimize_step(self, state: Any, events: Sequence[StudyEvent], rng: Random) -> tuple[Any, Sequence[Action]]:
        context, at, told = state
        self.told.extend(events)
        told = {**told, **{each.candidate.id: each for each in events if isinstance(each, Told)}}
        actions = self.steps[at](context, events) if at < len(self.steps) else [Stop("the steps are done")]
        return (context, at + 1, told), actions

    def finalize(self, state: Any) -> Proposal:
        context, _, told = state
        sign = -1 if context.direction is Direction.MAXIMIZE else 1
        means = {
            each.candidate: sum(one.score for one in each.outcomes) / max(1, len(each.outcomes))
            for each in told.values()
        }
        ranked = sorted(means.items(), key=lambda item: sign * item[1])
        return Proposal(tuple(Ranked(candidate, mean, 0.1) for candidate, mean in ranked))


def instructed(context: Context, instruction: str, **values: Json) -> Candidate:
    """The baseline with another instruction (and other values: `__` stands for a dot)."""
    bank = context.space.banks["reply.instruction"]
    entry = next(each.id for each in bank.entries if each.value == instruction)
    named = {name.replace("__", "."): value for name, value in values.items()}
    assignment = context.space.updated(context.baseline.assignment, {"reply.instruction": entry, **named})
    return Candidate.of(context.space, assignment, origin="test")


def evaluate(*instructions: str, upto: int | None = None, **values: Json) -> Step:
    """A step that sends candidates of these instructions to the first race examples."""
    return lambda context, _: [
        Evaluate(instructed(context, each, **values), context.examples[:upto]) for each in instructions
    ]


@define
class Lab:
    """Kernels over one home folder, what their models were asked, and the parts tests are made of."""

    Sorter: ClassVar[Any] = Sorter
    Steps: ClassVar[Any] = Steps
    rows: ClassVar[Any] = staticmethod(rows)
    asked: ClassVar[Any] = staticmethod(asked)
    shown: ClassVar[Any] = staticmethod(shown)
    luck: ClassVar[Any] = staticmethod(luck)
    evaluate: ClassVar[Any] = staticmethod(evaluate)
    instructed: ClassVar[Any] = staticmethod(instructed)

    home: Path
    world: Callable[[ModelRequest], Any]
    model: ScriptedModel = field(init=False)
    teleprompters: dict[str, Any] = field(factory=dict)
    metrics: dict[str, Any] = field(factory=dict)
    adapters: dict[str, Any] = field(factory=dict)
    latency: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.model = ScriptedModel(name="scripted/m", script=self.world)

    def kernel(self) -> ml.Kernel:
        """A new kernel, as a new process would make it."""
        manager = PluginManager.load()
        self.model.latency = self.latency
        manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": self.model}))
        for name, each in self.teleprompters.items():
            manager.registry.offer("teleprompters", name, each)
        for name, adapter in self.adapters.items():
            manager.registry.offer("adapters", name, adapter)
        for name, metric in {"errors": Errors(), **self.metrics}.items():
            manager.registry.offer("metrics", name, metric)
        return ml.Kernel(plugins=manager, home=self.home)

    def optimize(self, *steps: Step, program: Any = Sorter, data: Any = None, **settings: Any) -> StudyReport:
        """Tune with a teleprompter of these steps."""
        self.teleprompters["steps"] = Steps(*steps) if steps else self.teleprompters.get("steps", Steps())
        settings.setdefault("teleprompter", "steps")
        with ml.BlockingKernel(self.kernel()) as door:
            return door.optimize(program, rows(100) if data is None else data, **settings)

    @property
    def steps(self) -> Steps:
        return self.teleprompters["steps"]

    def scorer(
        self,
        ledger: Ledger,
        *,
        program: Any = Sorter,
        metrics: Sequence[str] = ("exact_match",),
        study: str = "study",
        seed: int = 0,
        budget: Budget | None = None,
        concurrency: int = 16,
    ) -> Scorer:
        """A scorer of a new process."""
        kernel = self.kernel()
        found = {name: kernel.plugins.registry.resolve("metrics", name) for name in metrics}
        meter = Meter(budget or Budget())
        return Scorer(kernel.runner(program), found, ledger, study, meter, seed, Span.nowhere(), concurrency)

    def ledger(self) -> Ledger:
        return Ledger(self.home / "ledger.sqlite3")


@pytest.fixture
def world() -> World:
    return World({PLAIN: 0.5, CLEVER: 0.95, DULL: 0.2})


@pytest.fixture
def lab(tmp_path: Path, world: World) -> Lab:
    return Lab(tmp_path / "home", world)
