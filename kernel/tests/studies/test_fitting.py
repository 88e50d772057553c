"""Tests of fitted variables: estimated from a candidate's own replies, never on what they are judged by."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import (
    Action,
    Candidate,
    Context,
    Evaluate,
    FormatCall,
    Message,
    ModelRequest,
    ModelResponse,
    Observation,
    Propose,
    Proposed,
    Role,
    Signature,
    StudyEvent,
    Told,
)
from elixirml.identity import Json
from elixirml.studies.calibrating import calibrated
from elixirml.studies.report import Verdict
from elixirml.variables import Fitted, Variable

PLAIN, CLEVER = "Be plain.", "Be clever."


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["film", "book"]


class Recorder:
    """An adapter that answers with what it was fitted to, and writes down what it was shown for a fit."""

    def __init__(self, *, fits: bool = True) -> None:
        self.fits = fits
        self.fitted: list[list[tuple[str, Any]]] = []
        self.read: list[object] = []

    def suits(self, signature: Signature) -> int:
        return 1

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        return (Fitted("shift"),)

    def format(self, call: FormatCall) -> ModelRequest:
        return ModelRequest((Message(Role.USER, str(call.values.get("text", call.values))),), labels=("film", "book"))

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        self.read.append(options["shift"])
        return {signature.outputs[0].name: "film" if options["shift"] else "book"}

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        self.fitted.append([(each.response.text, each.expected) for each in observations])
        return {"shift": len(observations), "stranger": 1} if self.fits and observations else {}


class Fittable(ml.Program[Text, Label]):
    """Sort the text."""

    reply = ml.predict(Label, model="scripted/m", adapter="recorder")


@pytest.fixture
def recorder(lab: Any) -> Recorder:
    """A lab whose kernels have the recording adapter, and whose model scores labels by the number of the text."""

    def script(request: ModelRequest) -> ModelResponse:
        number = float(lab.asked(request).partition("-")[2])
        return ModelResponse(lab.asked(request), usage=ml.Usage(calls=1), label_logprobs={"film": -number, "book": 0.0})

    lab.model.script = script
    lab.adapters["recorder"] = found = Recorder()
    return found


def pulls(*sizes: int) -> list[Any]:
    """Steps that send the baseline to more and more examples."""
    return [lambda context, _, size=size: [Evaluate(context.baseline, context.examples[:size])] for size in sizes]


def test_values_are_fitted_anew_with_every_pull_and_judged_on_other_rows(lab: Any, recorder: Recorder) -> None:
    """Each row is read with a fit on the other folds, so that no fit is judged by what it was made of."""
    lab.optimize(*pulls(10, 15), program=Fittable)
    whole, *folds = recorder.fitted[:6]
    later = recorder.fitted[6:12]

    assert len(whole) == 10
    assert [len(each) for each in folds] == [8] * 5
    assert [len(each) for each in later] == [15, 12, 12, 12, 12, 12]
    held = [{text for text, _ in whole} - {text for text, _ in fold} for fold in folds]
    assert set.union(*held) == {text for text, _ in whole}
    assert all(not one & other for at, one in enumerate(held) for other in held[at + 1 :])
    assert all(expected == {"label": text.partition("-")[0]} for text, expected in whole)


def test_reading_again_costs_no_call(lab: Any, recorder: Recorder) -> None:
    """Fits and cross-fits read what is in the journal: the model is asked once an example, and charged so."""
    report = lab.optimize(*pulls(10, 15, 20), program=Fittable)

    assert [each.calls for each in lab.steps.told] == [10, 5, 5]
    assert len(lab.model.requests) == report.search_calls == 20


@pytest.mark.parametrize("fits", [True, False])
def test_one_row_or_a_fit_of_nothing_is_charged_once(lab: Any, recorder: Recorder, fits: bool) -> None:  # noqa: FBT001
    """A fit without a value leaves the candidate's values as they are; its replies are still paid for only once."""
    recorder.fits = fits
    report = lab.optimize(*pulls(1, 2, 9), program=Fittable)

    assert [each.calls for each in lab.steps.told] == [1, 1, 7]
    assert report.usage.calls == len(lab.model.requests) == 9
    resumed = lab.optimize(*pulls(1, 2, 9), program=Fittable, resume=True)
    assert (resumed.usage.calls, resumed.reused_calls, len(lab.model.requests)) == (9, 9, 9)


def test_the_confirmation_uses_values_fitted_on_the_race_and_frozen(lab: Any) -> None:
    """The finalist is confirmed with what all its race rows gave; the confirmation rows fit nothing."""

    def calibrated_ones(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        likelihood = {"reply__choice__decoding": "likelihood"}
        other = lab.instructed(context, CLEVER, **likelihood, reply__choice__calibration="fitted")
        return [Evaluate(context.baseline, context.examples[:40]), Evaluate(other, context.examples[:40])]

    report = lab.optimize(calibrated_ones, data=lab.rows(150))
    fitted_on = {text for each in lab.steps.told for text in [one.example for one in each.outcomes]}
    bias = report.best.assignment["reply.choice.bias"]

    assert report.verdict is Verdict.CONFIRMED
    assert isinstance(bias, dict)
    assert set(bias) == {"film", "book"}
    assert bias["film"] < bias["book"]  # type: ignore[operator]
    assert len(fitted_on) == 40
    # The saved program reads as the confirmed one did: its values are there, and nothing is left to fit.
    with ml.BlockingKernel(lab.kernel()) as door:
        found = door.evaluate(lab.Sorter().with_saved(report.best), lab.rows(60, start=1000))
    assert found.metrics["exact_match"].mean > 0.8


def test_a_candidate_with_values_of_its_own_is_not_fitted(lab: Any, recorder: Recorder) -> None:
    """Values that are set are kept: only what is null is estimated."""

    def given(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        assignment = context.baseline.assignment.with_values({"reply.recorder.shift": 7})
        return [Evaluate(Candidate.of(context.space, assignment, origin="test"), context.examples[:10])]

    lab.optimize(given, program=Fittable)
    (told,) = lab.steps.told

    assert isinstance(told, Told)
    assert recorder.fitted == []
    assert set(recorder.read[:10]) == {7}  # the confirmation reads the program as declared, too


def test_values_fitted_to_the_declared_program_are_not_handed_on(lab: Any, recorder: Recorder) -> None:
    """A program that comes with fitted values keeps them itself; every other candidate is fitted to its own replies."""

    def grow(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        return [Evaluate(context.baseline, context.examples[:10]), Propose("reply.demos", "labelled", 1)]

    def other(context: Context, events: Sequence[StudyEvent]) -> Sequence[Action]:
        grown = events[-1]
        assert isinstance(grown, Proposed)
        assignment = context.baseline.assignment.with_values({"reply.demos": list(grown.entries)})
        return [Evaluate(Candidate.of(grown.space, assignment, origin="test"), context.examples[:10])]

    lab.optimize(grow, other, program=Fittable().with_values({"reply.recorder.shift": 7}))

    assert set(recorder.read[:10]) == {7}
    assert set(recorder.read[10:20]) == {None}
    assert set(recorder.read[20:30]) == {8}
    assert [len(each) for each in recorder.fitted] == [10, 8, 8, 8, 8, 8]


@frozen
class Clue:
    clue: str


class Middle(ml.Program[Text, Label]):
    """A stage without labels, a stage with them."""

    look = ml.predict(Clue, model="scripted/m", adapter="recorder")
    sort = ml.predict(Label, model="scripted/m", adapter="recorder", inputs=["text"])


def test_a_stage_without_labels_is_fitted_without_them(lab: Any, recorder: Recorder) -> None:
    """What no row says is not made up: the fit of a middle stage sees replies alone, that of the last one labels."""
    lab.optimize(*pulls(4), program=Middle)

    assert all(expected is None for _, expected in recorder.fitted[0])
    assert all(expected is not None for _, expected in recorder.fitted[1])


class Mixed(ml.Program[Text, Label]):
    """A stage whose format has nothing to fit, and one whose format has."""

    look = ml.predict(Clue, model="scripted/m", adapter="json")
    sort = ml.predict(Label, model="scripted/m", adapter="recorder", inputs=["text"])


def test_only_formats_with_something_to_fit_are_asked_to(lab: Any, recorder: Recorder) -> None:
    """A stage of a format without fitted variables is left alone."""
    scored = lab.model.script
    lab.model.script = lambda request: scored(request) if request.labels else '{"clue": "c"}'
    lab.optimize(*pulls(4), program=Mixed)

    assert [len(each) for each in recorder.fitted[:2]] == [4, 3]


def test_rows_with_part_of_the_labels_are_shown_without_them(lab: Any, recorder: Recorder) -> None:
    """An expected value that lacks a field is none for a fit that needs all of them."""
    data = lab.rows(20)
    for each in data[::2]:
        each.pop("label")
    kernel = lab.kernel()

    async def fit() -> Any:
        return await calibrated(kernel, Fittable, data, metrics=["tokens"])

    with ml.BlockingKernel(kernel) as door:
        program, usage = door.call(fit)

    assert [expected is None for _, expected in recorder.fitted[0]] == [True, False] * 10
    assert dict(program.values)["reply.recorder.shift"] == 20
    assert usage.calls == 20


# Calibrating a program as it stands


def test_a_program_is_calibrated_from_labelled_rows(lab: Any) -> None:
    """One pass over labelled rows gives the fitted values; the program with them does better than without."""
    declared = lab.Sorter().with_values({"reply.choice.decoding": "likelihood", "reply.choice.calibration": "fitted"})
    lab.world.chances = {PLAIN: 0.9}
    kernel = lab.kernel()

    async def fit() -> Any:
        return await calibrated(kernel, declared, lab.rows(60))

    with ml.BlockingKernel(kernel) as door:
        program, usage = door.call(fit)
        test = lab.rows(60, start=500)
        before, after = door.evaluate(declared, test), door.evaluate(program, test)

    assert usage.calls == 60
    assert after.metrics["exact_match"].mean > before.metrics["exact_match"].mean + 0.2


def test_a_program_with_nothing_to_fit_stays_as_it_is_and_costs_nothing(lab: Any) -> None:
    """No fitted variable, no call."""
    kernel = lab.kernel()

    async def fit() -> Any:
        return await calibrated(kernel, lab.Sorter(), lab.rows(60))

    with ml.BlockingKernel(kernel) as door:
        program, usage = door.call(fit)

    assert dict(program.values) == {}
    assert usage.calls == len(lab.model.requests) == 0
