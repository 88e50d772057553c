"""The door: a schema, a value, and the options."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, cast

from elixirml.errors import Problem
from elixirml.identity import Json
from elixirml_schemas.json_schema.coercion import Coerced, Coercion
from elixirml_schemas.json_schema.evaluation import Evaluation
from elixirml_schemas.json_schema.filling import fill
from elixirml_schemas.json_schema.index import DEEPEST, Schema, SchemaIndex
from elixirml_schemas.json_schema.outcome import Outcome

__all__ = ["Validator", "validate"]


class Validator:
    """A schema, checked once, for many values.

    Args:
        schema: A schema of draft 2020-12: an object, true or false. It must not be changed afterwards.

    Raises:
        DeclarationError: It is no such schema, or holds a pattern that is no regular expression.

    Example:
        >>> Validator({"items": {"type": "integer"}}).validate([1, "x"]).errors[0].path
        (1,)

    .. versionadded:: 0.1
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._index = SchemaIndex(schema)

    def validate(self, value: Json, *, defaults: bool = False, coerce: bool = False, strict: bool = False) -> Outcome:
        """Return a value as the options make it, with everything that is wrong with it.

        Args:
            value: Plain data: dict, list, str, int, float, bool, None. It is never changed.
            defaults: Fill absent keys with copies of their defaults.
            coerce: Read texts as numbers and truth values, and write those as texts, where the schema wants it.
            strict: Refuse undeclared keys in objects that declare some and do not say what others may hold.

        Raises:
            DeclarationError: A reference leads nowhere, or to itself.
        """
        deep = _too_deep(value)
        if deep is not None:
            return Outcome(value, (deep,))
        if defaults:
            value = deepcopy(value)
            fill(self._index, self._schema, value)
        coercion = Coercion(self._index, strict=strict)
        value, unread = coercion.coerced(self._schema, value) if coerce else Coerced(value)
        silent = {each.path for each in unread}  # what cannot be read is not judged further
        found = Evaluation(self._index).problems(self._schema, value, strict=strict)
        return Outcome(value, (*unread, *(each for each in found if each.path not in silent)))


def validate(
    schema: Schema, value: Json, *, defaults: bool = False, coerce: bool = False, strict: bool = False
) -> Outcome:
    """Return what `Validator(schema).validate(value, ...)` does.

    Raises:
        DeclarationError: It is no schema of draft 2020-12, or a reference in it leads nowhere, or to itself.

    Example:
        >>> validate({"properties": {"n": {"type": "integer"}}}, {"n": "4"}, coerce=True).value
        {'n': 4}

    .. versionadded:: 0.1
    """
    return Validator(schema).validate(value, defaults=defaults, coerce=coerce, strict=strict)


def _too_deep(value: Json) -> Problem | None:
    """Return the problem of a value that is nested deeper than anything here goes, or holds itself."""
    level: list[Any] = [value]
    for _ in range(DEEPEST + 1):
        # Each object once: where one stands in several places, or in itself, the list would grow without end.
        level = list({id(inner): inner for each in level for inner in _inner(each)}.values())
        if not level:
            return None
    return Problem.unlike((), "depth", expected=f"at most {DEEPEST} lists and objects in each other", got="more")


def _inner(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()
