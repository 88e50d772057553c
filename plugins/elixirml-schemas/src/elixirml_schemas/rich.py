"""Shapes of rich values: pictures, sound and documents, what was said before, and code."""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from attrs import evolve

from elixirml.contracts import Attached, Audio, File, History, Image, Turn, unfenced
from elixirml.errors import ValidationError
from elixirml_schemas.scalars import TEXT, Scalar
from elixirml_schemas.shape import REFUSED

__all__ = ["ATTACHMENTS", "CODE", "HISTORY"]

_TURN: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {"role": {"enum": ["user", "assistant"]}, "content": {"type": "string"}},
    "required": ["role", "content"],
    "additionalProperties": False,
}


def _reading(kind: type[Attached]) -> Callable[[object], Any]:
    """Return what reads values of a kind: made ones, data URIs and addresses."""

    def accept(value: object) -> Any:
        if isinstance(value, kind):
            return value
        try:
            return kind.parse(value) if isinstance(value, str) else REFUSED
        except ValidationError:
            return REFUSED

    return accept


def _attachment(kind: type[Attached], noun: str) -> Scalar:
    keywords = {"type": "string", "contentMediaType": kind.FORM}
    named = f"{noun} (a data URI or an address)"
    return Scalar(named, keywords, _reading(kind), kind.plain, frozenset({"string"}), plain=False)


def _history(value: object) -> Any:
    if isinstance(value, History):
        return value
    if not isinstance(value, (list, tuple)):
        return REFUSED
    turns = [_turn(each) for each in cast("list[object]", value)]
    return REFUSED if REFUSED in turns else History(turns)


def _turn(value: object) -> Any:
    match value:
        case Turn():
            return value
        case {"role": "user" | "assistant" as role, "content": str(content), **others} if not others:
            return Turn(role, content)
        case _:
            return REFUSED


def _code(value: object) -> Any:
    return TEXT.accept(unfenced(value) if isinstance(value, str) else value)


ATTACHMENTS: Final[Mapping[object, Scalar]] = {
    Image: _attachment(Image, "an image"),
    Audio: _attachment(Audio, "a sound"),
    File: _attachment(File, "a file"),
}
"""By their types."""

HISTORY: Final = Scalar(
    "a history (a list of turns, each with role and content)",
    {"type": "array", "items": _TURN},
    _history,
    History.plain,
    frozenset({"array"}),
    plain=False,
)
"""What was said before."""

CODE: Final = evolve(TEXT, accept=_code, plain=False)
"""A text that is code; a fence around it is taken off."""
