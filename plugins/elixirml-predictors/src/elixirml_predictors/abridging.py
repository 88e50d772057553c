"""Long inputs, as the model is shown them: type, length and beginning, whatever their size."""

from typing import Any, Final

from attrs import evolve

from elixirml.contracts import PredictorCall
from elixirml.identity import Json
from elixirml_predictors.steps import text_of

__all__ = ["abridged"]

_TEXT: Final[dict[str, Any]] = {"type": "string"}


def abridged(call: PredictorCall, *, longest: int) -> PredictorCall:
    """Return the call with a description in place of every long input, in demos too.

    Args:
        call: The prediction that is asked for.
        longest: How many signs an input may have, written as text or JSON, to be shown as it is; of a longer one as
            many signs of its beginning are.
    """
    values = {name: _described(name, value, longest) for name, value in call.format.values.items()}
    long = {name for name, value in values.items() if value is not call.format.values[name]}
    if not long:
        return call
    inputs = tuple(evolve(each, schema=_TEXT) if each.name in long else each for each in call.signature.inputs)
    task = evolve(call.signature, inputs=inputs)
    demos = tuple(
        evolve(each, inputs={name: _described(name, value, longest) for name, value in each.inputs.items()})
        for each in call.format.demos
    )
    return evolve(call, signature=task, format=evolve(call.format, signature=task, values=values, demos=demos))


def _described(name: str, value: Json, longest: int) -> Json:
    """Return the description of a long value; a short one is itself."""
    text = text_of(value)
    if len(text) <= longest:
        return value
    return f"({_kind(value)}, {len(text)} signs, whole in the variable `{name}`; it begins:) {text[:longest]}"


def _kind(value: Json) -> str:
    match value:
        case str():
            return f"a text of {value.count(chr(10)) + 1} lines"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return f"a mapping of {len(value)}"
        case _:
            return "a number"
