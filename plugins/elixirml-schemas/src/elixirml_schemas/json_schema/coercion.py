"""The option `coerce`: single values become of the kind that is wanted, where their text says how."""

from typing import Any, Final, NamedTuple, cast

from elixirml.errors import Problem
from elixirml.identity import Json
from elixirml_schemas.json_schema.evaluation import Evaluation
from elixirml_schemas.json_schema.index import Schema, SchemaIndex
from elixirml_schemas.json_schema.kinds import KINDS, kinds_of
from elixirml_schemas.json_schema.parts import in_place, parts_of
from elixirml_schemas.shape import shown
from elixirml_schemas.texts import READERS, text_of

__all__ = ["Coerced", "Coercion"]


class Coerced(NamedTuple):
    """A value as a schema wants it, and the texts in it that could not be read, with paths from the value on."""

    value: Json
    unread: tuple[Problem, ...] = ()


class Coercion:
    """Coerces values by schemas; each pair of them once, so that the members of unions cost no more than their sum.

    Args:
        index: The schemas.
        strict: Whether objects are closed where members of `anyOf` are tried.
    """

    def __init__(self, index: SchemaIndex, *, strict: bool) -> None:
        self._index = index
        self._strict = strict
        self._evaluation = Evaluation(index)
        # The values are kept beside the results: identities are those of living objects only.
        self._known: dict[tuple[int, int], tuple[Json, Coerced]] = {}

    def coerced(self, schema: Schema, value: Json) -> Coerced:
        """Return a value as a schema wants it; the value itself is not changed."""
        key = (id(schema), id(value))
        if key in self._known:
            return self._known[key][1]
        current, unread = value, dict[Problem, None]()
        for each in in_place(self._index, schema):
            single = _single(each, current)
            current = single.value
            unread |= dict.fromkeys(single.unread)
            for inner, step in parts_of(self._index, each, current):
                before = cast("Any", current)[step]
                after = self.coerced(inner, before)
                current = current if after.value is before else _with(current, step, after.value)
                unread |= {part.within(step): None for part in after.unread}
            if "anyOf" in each:
                current = self._member(each["anyOf"], current)
        result = Coerced(current, tuple(unread))
        self._known[key] = (value, result)
        return result

    def _member(self, members: list[Schema], value: Json) -> Json:
        """Return the value as the first member has it that fits; as it is where one fits already, or none does."""
        if any(self._fits(each, value) for each in members):
            return value
        for each in members:
            trial = self.coerced(each, value)
            if not trial.unread and self._fits(each, trial.value):
                return trial.value
        return value

    def _fits(self, schema: Schema, value: Json) -> bool:
        return self._evaluation.fits(schema, value, strict=self._strict)


def _with(value: Json, step: Any, part: Json) -> Json:
    """Return a list or an object with another part."""
    changed: Any = cast("Any", value).copy()
    changed[step] = part
    return cast("Json", changed)


def _single(schema: dict[str, Any], value: Json) -> Coerced:
    kinds = kinds_of(schema.get("type", ()))
    if not kinds or any(KINDS[kind](value) for kind in kinds):
        return Coerced(value)
    if isinstance(value, str):
        return _read(kinds, value)
    written = text_of(value) if "string" in kinds else None
    return Coerced(value if written is None else written)


def _read(kinds: tuple[str, ...], text: str) -> Coerced:
    readers = [READERS[kind] for kind in kinds if kind in READERS]
    found: Final = next((read for read in (each(text) for each in readers) if read is not None), None)
    if found is not None:
        return Coerced(found)
    problem = Problem.unlike((), "coercion", expected=" or ".join(kinds), got=shown(text))
    return Coerced(text, (problem,) if readers else ())
