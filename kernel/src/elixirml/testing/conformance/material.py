"""Tasks and values that suites try a capability on, made from nothing but schemas."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from elixirml.contracts.schema import Field
from elixirml.contracts.signature import Signature
from elixirml.identity import Json

__all__ = ["CHOICE_TASK", "RICH_TASK", "TEXT_TASK", "inputs_of", "outputs_of", "sample"]

_TEXT: Final[Mapping[str, Any]] = {"type": "string"}
_QUESTION: Final = Field("question", str, _TEXT, description="what is asked")

RICH_TASK: Final = Signature(
    "reply",
    "Answer like a lighthouse keeper.",
    (_QUESTION,),
    (
        Field("answer", str, _TEXT, description="the answer, in a few words"),
        Field("count", int, {"type": "integer"}, description="how many there are"),
        Field("topic", str, {"type": "string", "enum": ["film", "food"]}, description="what it is about"),
    ),
)
"""A task with outputs of several types."""

TEXT_TASK: Final = Signature("reply", "Answer like a lighthouse keeper.", (_QUESTION,), (RICH_TASK.outputs[0],))
"""A task with one text to write."""

CHOICE_TASK: Final = Signature("reply", "Answer like a lighthouse keeper.", (_QUESTION,), (RICH_TASK.outputs[2],))
"""A task with one of a list of texts to choose."""


def inputs_of(signature: Signature, number: int) -> dict[str, Json]:
    """Return values of a task's inputs; texts of different numbers share no word but the field's name."""
    return {each.name: sample(each.schema, f"{each.name} harbour{number}") for each in signature.inputs}


def outputs_of(signature: Signature, number: int) -> dict[str, Json]:
    """Return values of a task's outputs."""
    return {each.name: sample(each.schema, f"{each.name} lantern{number}", number) for each in signature.outputs}


def sample(schema: Mapping[str, Any], text: str, number: int = 0) -> Any:
    """Return a value that fits a schema.

    Args:
        schema: A JSON Schema; of combinations the first member is taken.
        text: What texts say.
        number: What numbers are, and which of a list of choices is taken.
    """
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][number % len(schema["enum"])]
    for combined in ("anyOf", "oneOf", "allOf"):
        if combined in schema:
            return sample(schema[combined][0], text, number)
    kind = schema.get("type", "string")
    return _of_type(kind[0] if isinstance(kind, list) else kind, schema, text, number)


def _of_type(kind: Any, schema: Mapping[str, Any], text: str, number: int) -> Json:
    properties: Mapping[str, Any] = schema.get("properties", {})
    made: Mapping[str, Callable[[], Any]] = {
        "object": lambda: {name: sample(each, f"{name} {text}", number) for name, each in properties.items()},
        "array": lambda: [
            sample(schema.get("items", {}), f"{text} {at}", number) for at in range(max(1, schema.get("minItems", 1)))
        ],
        "integer": lambda: int(schema.get("minimum", 0)) + number,
        "number": lambda: float(schema.get("minimum", 0)) + 0.5,
        "boolean": lambda: number % 2 == 0,
        "null": lambda: None,
    }
    return made[kind]() if kind in made else text
