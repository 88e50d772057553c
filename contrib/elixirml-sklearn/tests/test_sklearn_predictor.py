"""The predictor: what it learns, what it answers, and what it refuses."""

import random
from typing import Any

import anyio
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import (
    Demo,
    Field,
    FormatCall,
    ModelRequest,
    ModelResponse,
    PredictorCall,
    Signature,
    Usage,
)
from elixirml.errors import ParseError
from elixirml.variables import Choice, Space
from elixirml_sklearn.estimators import FAMILIES
from elixirml_sklearn.estimators import Choice as Chosen
from elixirml_sklearn.fitting import fit
from elixirml_sklearn.predictor import KEPT, SklearnPredictor
from elixirml_sklearn.targets import Quantity, target_of

TEXT: dict[str, Any] = {"type": "string"}
LABEL = Field("label", str, {"enum": ["film", "news"]})
SORTING = Signature("reply", "Sort.", (Field("sentence", str, TEXT),), (LABEL,))
SHOWN = [
    ("a moving film with a fine cast", "film"),
    ("the acting and the plot of this movie are weak", "film"),
    ("an hour too long, but the director has talent", "film"),
    ("the minister resigned on monday", "news"),
    ("shares fell after the bank raised rates", "news"),
    ("police and the government met in the capital", "news"),
]
DEMOS = tuple(Demo({"sentence": sentence}, {"label": label}) for sentence, label in SHOWN)


async def _never(_: ModelRequest) -> ModelResponse:
    raise AssertionError("an estimator asks no model")


def call_of(
    values: dict[str, Any],
    task: Signature = SORTING,
    demos: tuple[Demo, ...] = DEMOS,
    options: dict[str, Any] | None = None,
) -> PredictorCall:
    adapter: Any = None
    return PredictorCall(task, FormatCall(task, values, demos), adapter, _never, options=options or {}, stage="reply")


async def answer(call: PredictorCall, predictor: SklearnPredictor | None = None) -> Any:
    return (await (predictor or SklearnPredictor()).predict(call)).fields


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["words", "characters"])
@pytest.mark.parametrize("family", FAMILIES)
async def test_every_estimator_learns_from_the_demos(family: str, text: str) -> None:
    """Whatever the estimator and the features, what was shown is known, and costs nothing."""
    predictor = SklearnPredictor()
    for sentence, label in SHOWN:
        call = call_of({"sentence": sentence}, options={"estimator": family, "text": text})
        prediction = await predictor.predict(call)
        assert prediction.fields == {"label": label}
        assert prediction.usage == Usage()
        assert prediction.exchanges == ()


@pytest.mark.anyio
async def test_numbers_are_estimated_within_their_range() -> None:
    """A regressor answers numbers; whole ones are rounded, and no estimate leaves the declared range."""
    task = Signature(
        "reply",
        "",
        (Field("rooms", int, {"type": "integer"}), Field("town", str, {"enum": ["A", "B"]})),
        (
            Field("rent", float, {"type": "number", "minimum": 0, "maximum": 1000}),
            Field("guests", int, {"type": "integer", "minimum": 1}),
        ),
    )
    demos = tuple(
        Demo({"rooms": rooms, "town": town}, {"rent": 100.0 * rooms + 50 * (town == "B"), "guests": 2 * rooms})
        for rooms in range(1, 9)
        for town in "AB"
    )
    options = {"estimator": "linear", "strength": 100.0}
    usual = await answer(call_of({"rooms": 5, "town": "B"}, task, demos, options))
    huge = await answer(call_of({"rooms": 99, "town": "C"}, task, demos, options))

    assert usual["rent"] == pytest.approx(550, abs=10)
    assert (usual["guests"], type(usual["guests"])) == (10, int)
    assert huge["rent"] == 1000
    assert SklearnPredictor().variables(task)[0] == Choice(
        "estimator", default="linear", options=("linear", "neighbours", "forest")
    )


@pytest.mark.anyio
@pytest.mark.parametrize("family", FAMILIES)
async def test_signed_numbers_and_texts_are_mixed(family: str) -> None:
    """Inputs of every kind make one matrix, also for estimators of counts."""
    task = Signature(
        "reply",
        "",
        (
            Field("change", float, {"type": "number"}),
            Field("note", str, TEXT),
            Field("seen", bool, {"type": "boolean"}),
            Field("tags", list[str], {"type": "array"}),
        ),
        (Field("good", bool, {"type": "boolean"}),),
    )
    demos = tuple(
        Demo({"change": sign * size, "note": "", "seen": True, "tags": ["a"]}, {"good": sign > 0})
        for size in (1.0, 2.0, 3.0)
        for sign in (1, -1)
    )
    found = await answer(call_of({"change": -2.5, "tags": []}, task, demos, {"estimator": family}))

    assert found == {"good": False}


@pytest.mark.anyio
async def test_equal_calls_are_fitted_once() -> None:
    """Demos in any order, and calls that come together, share one fit; the oldest fits are let go."""
    predictor = SklearnPredictor()
    shuffled = list(DEMOS)
    random.Random(1).shuffle(shuffled)
    call = call_of({"sentence": "the plot of the film"})
    same = call_of({"sentence": "the bank"}, demos=tuple(shuffled))
    before = await answer(call, predictor)
    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(predictor.predict, same)
    kept = predictor.kept
    for count in range(KEPT + 3):
        await predictor.predict(call_of({"sentence": "x"}, options={"strength": 1.0 + count / 100}))

    assert kept == 1
    assert predictor.kept == KEPT
    assert await answer(call, predictor) == before


@given(order=st.permutations(range(len(DEMOS))), sentence=st.text(max_size=30), family=st.sampled_from(FAMILIES))
@settings(max_examples=15, deadline=None)
def test_answers_depend_on_demos_and_options_alone(order: list[int], sentence: str, family: str) -> None:
    """Two predictors, shown the same demos in another order, say the same of any sentence."""
    options = {"estimator": family}

    async def both() -> tuple[Any, Any]:
        one = await answer(call_of({"sentence": sentence}, options=options))
        other = await answer(call_of({"sentence": sentence}, demos=tuple(DEMOS[at] for at in order), options=options))
        return one, other

    one, other = anyio.run(both)
    assert one == other
    assert one["label"] in {"film", "news"}


@pytest.mark.anyio
async def test_one_label_is_always_the_answer() -> None:
    """Demos of a single label leave nothing to choose."""
    assert await answer(call_of({"sentence": "?"}, demos=DEMOS[:2])) == {"label": "film"}


@pytest.mark.anyio
async def test_demos_without_the_output_teach_nothing() -> None:
    """Labels that are not declared are passed over; where none is left, the call fails and says so."""
    odd = (Demo({"sentence": "?"}, {"label": "weather"}), Demo({"sentence": "?"}, {}))

    assert await answer(call_of({"sentence": "a fine cast"}, demos=(*odd, *DEMOS))) == {"label": "film"}
    for demos in ((), odd):
        with pytest.raises(ParseError, match="nothing to learn it from"):
            await answer(call_of({"sentence": "?"}, demos=demos))


@pytest.mark.anyio
async def test_free_text_is_refused_or_left_to_its_default() -> None:
    """An output that needs words is none for an estimator: the call fails before anything is fitted."""
    reason = Field("reason", str, TEXT)
    needed, spared = (evolve(SORTING, outputs=(LABEL, evolve(reason, required=required))) for required in (True, False))

    assert SklearnPredictor().variables(needed) == ()
    assert await answer(call_of({"sentence": "a fine cast"}, spared)) == {"label": "film"}
    with pytest.raises(ParseError, match="`reason`"):
        await answer(call_of({"sentence": "a fine cast"}, needed))


def test_variables_make_a_space() -> None:
    """Settings of one estimator take part only while it is chosen."""
    space = Space(SklearnPredictor().variables(SORTING))

    assert list(space.paths) == ["estimator", "text", "strength", "neighbours"]
    assert set(space.canonical(space.updated(space.defaults(), {"estimator": "forest"}))) == {"estimator", "text"}


@given(st.floats(-1e6, 1e6), st.integers(-5, 0), st.integers(0, 5))
def test_an_estimate_becomes_a_value_of_its_field(number: float, low: int, high: int) -> None:
    """Whatever an estimator says, the value is in range and of the declared type."""
    target = target_of(Field("n", int, {"type": "integer", "minimum": low, "maximum": high}))

    assert isinstance(target, Quantity)
    assert isinstance(value := target.value(number), int)
    assert low <= value <= high


def test_labels_keep_their_types() -> None:
    """A choice of 1, true and "1" is a choice of three."""
    target = target_of(Field("odd", object, {"enum": [1, True, "1", None]}))

    assert target is not None
    assert [target.number(each) for each in (1, True, "1", None, 2)] == [0, 1, 2, 3, None]
    assert target_of(Field("free", str, TEXT)) is None


def test_an_output_is_learnt_from_the_demos_that_hold_it() -> None:
    """Several outputs need not be in every demo."""
    task = evolve(SORTING, outputs=(LABEL, Field("good", bool, {"type": "boolean"})))
    demos = (*DEMOS, Demo({"sentence": "a fine cast"}, {"good": True}), Demo({"sentence": "weak"}, {"good": False}))

    assert fit(task, demos, Chosen()).answer({"sentence": "weak"})["good"] is False
