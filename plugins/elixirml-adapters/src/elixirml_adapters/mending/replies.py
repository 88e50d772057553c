"""Reads a refused reply by changing what can be changed, one fault after the other."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from attrs import define, field

from elixirml.contracts import Mended
from elixirml.errors import ParseError
from elixirml_adapters.mending.objects import closed, last_fitting
from elixirml_adapters.mending.values import mended_value
from elixirml_adapters.parsing import ParseFailure, is_free_text

__all__ = ["Reading", "mend"]

Reading: TypeAlias = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""Reads a reply by an object schema; raises a `ParseFailure`."""

_LONGEST: Final = 32_768  # signs; what is longer is not looked through again and again
_ABOUT_A_VALUE: Final = frozenset({"wrong_type", "not_in_enum"})
_NOTHING_READ: Final = frozenset({"no_object", "missing_field"})


def mend(reply: str, schema: Mapping[str, Any], read: Reading, *, error: ParseError) -> Mended:
    """Return the fields of a reply that was refused, with what was changed to read them.

    Mended are values that almost fit (see `mended_value`), the bare value of a task with one output that is no free
    text, JSON that was cut off behind all declared fields, and of several JSON objects the last one is taken.

    Args:
        reply: What the model said.
        schema: An object schema with the fields as `properties`.
        read: The strict parser of the format.
        error: Why the reply was refused.

    Raises:
        ParseError: `error`, where the reply cannot be mended.
    """
    if len(reply) <= _LONGEST:
        work = _Mending(schema, read)
        fields = work.fields_of(reply)
        if fields is not None and work.changes:
            return Mended(fields, tuple(work.changes))
    raise error


@define
class _Mending:
    """One reply being mended.

    Attributes:
        schema: What is asked for.
        read: The strict parser.
        changes: What was changed so far.
        loose: Fields whose values are read as they stand, to be mended then.
    """

    schema: Mapping[str, Any]
    read: Reading
    changes: list[str] = field(factory=list[str])
    loose: set[str] = field(factory=set[str])

    def fields_of(self, reply: str) -> dict[str, Any] | None:
        """Return the fields; None where they cannot be made out."""
        fields = self._read(reply)
        if fields is None:
            return None
        for name in sorted(self.loose & fields.keys()):
            mended = mended_value(fields[name], self.schema["properties"][name])
            if mended is None:
                return None
            fields[name] = mended.value
            self.changes.append(f"`{name}`: {mended.change}")
        return fields

    def _read(self, reply: str) -> dict[str, Any] | None:
        """Return the fields, those in `loose` as they stand; None where the reply cannot be read."""
        while True:
            try:
                return self.read(reply, self._loosened())
            except ParseFailure as failure:
                if failure.code not in _ABOUT_A_VALUE or len(failure.path) != 1 or failure.path[0] in self.loose:
                    return self._otherwise(reply, failure)
                self.loose.add(str(failure.path[0]))

    def _loosened(self) -> dict[str, Any]:
        anything: Mapping[str, Any] = {}
        properties: Mapping[str, Any] = self.schema["properties"]
        loosened = {name: anything if name in self.loose else each for name, each in properties.items()}
        return {**self.schema, "properties": loosened}

    def _otherwise(self, reply: str, failure: ParseFailure) -> dict[str, Any] | None:
        """Return the fields of a reply of which not a value is wrong but the whole."""
        if failure.code == "truncated":
            return self._closed(reply)
        if failure.code == "ambiguous" and not failure.path:
            return self._last(reply)
        return self._bare(reply) if failure.code in _NOTHING_READ else None

    def _closed(self, reply: str) -> dict[str, Any] | None:
        """Return the fields of an object that was cut off, if every declared one is there."""
        whole = closed(reply)
        if whole is None:
            return None
        self.changes.append("the reply was cut off, behind all of its fields")
        everything = {**self._loosened(), "required": list(self.schema["properties"])}
        try:
            return self.read(whole, everything)
        except ParseFailure:
            return None

    def _last(self, reply: str) -> dict[str, Any] | None:
        self.changes.append("several objects differ, and the last one was taken")
        return last_fitting(reply, lambda text: self.read(text, self._loosened()))

    def _bare(self, reply: str) -> dict[str, Any] | None:
        """Return the whole reply as the value of the only field, to be mended or fitted."""
        properties: Mapping[str, Any] = self.schema["properties"]
        if len(properties) != 1 or any(map(is_free_text, properties.values())):
            return None
        (name,) = properties
        self.loose.add(name)
        return {name: reply}
