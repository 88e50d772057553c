"""Schemas as the kernel wants them: every definition written out where it is used, and no generated titles."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from attrs import frozen

from elixirml.errors import DeclarationError

__all__ = ["inlined"]

_DROPPED: Final = frozenset({"$defs", "$ref", "title", "discriminator"})
"""Keywords that say nothing once references are gone; `discriminator` is not of JSON Schema and refers, too."""

_BY_NAME: Final = frozenset({"properties", "patternProperties", "dependentSchemas"})
"""Keywords whose values hold schemas by names of the user, which may be any word."""

_DATA: Final = frozenset({"default", "enum", "examples", "required"})
"""Keywords whose values are data and no schemas."""


def inlined(schema: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """Return a schema without references.

    Args:
        schema: A schema with its definitions in `$defs`.
        name: What it describes; for messages.

    Raises:
        DeclarationError: A definition holds itself, so it cannot be written out.

    Example:
        >>> inlined({"$defs": {"N": {"type": "integer"}}, "items": {"$ref": "#/$defs/N"}}, name="Numbers")
        {'items': {'type': 'integer'}}
    """
    definitions = {f"#/$defs/{key}": each for key, each in schema.get("$defs", {}).items()}
    return _Writing(definitions, name).schema(schema, ())


@frozen
class _Writing:
    """The work under way; `within` are the references that are being written out."""

    definitions: Mapping[str, Any]
    name: str

    def schema(self, schema: Mapping[str, Any], within: tuple[str, ...]) -> dict[str, Any]:
        """Return a schema in full; what it says beside a reference counts more than what is there."""
        reference = schema.get("$ref")
        written = {} if reference is None else self._definition(reference, within)
        for key, value in schema.items():
            if key == "const":
                written["enum"] = [value]  # as every other engine writes a choice of one
            elif key not in _DROPPED:
                written[key] = self._value(key, value, within)
        return written

    def _definition(self, reference: str, within: tuple[str, ...]) -> dict[str, Any]:
        if reference in within:
            raise DeclarationError(
                f"`{self.name}` holds itself ({reference.rpartition('/')[2]}), so its schema has no end.",
                hint="Hold a list of names or ids instead.",
                code="type-unsupported",
            )
        return self.schema(self.definitions[reference], (*within, reference))

    def _value(self, key: str, value: Any, within: tuple[str, ...]) -> Any:
        if key in _DATA:
            return value
        if key in _BY_NAME:
            return {name: self.schema(each, within) for name, each in value.items()}
        return self._inner(value, within)

    def _inner(self, value: Any, within: tuple[str, ...]) -> Any:
        if isinstance(value, Mapping):
            return self.schema(cast("Mapping[str, Any]", value), within)
        if isinstance(value, list):
            return [self._inner(each, within) for each in cast("Sequence[Any]", value)]
        return value
