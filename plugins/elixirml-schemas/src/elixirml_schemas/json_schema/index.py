"""The schemas inside a schema: checked once, found again by reference."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast
from urllib.parse import unquote, urldefrag, urljoin

from elixirml.errors import DeclarationError, closest
from elixirml_schemas.json_schema.kinds import KINDS, is_number, kinds_of
from elixirml_schemas.regexes.pattern import TextPattern
from elixirml_schemas.shape import shown

__all__ = ["DEEPEST", "Schema", "SchemaIndex"]

Schema: TypeAlias = "dict[str, Any] | bool"

DEEPEST: Final = 200
"""How many lists and objects may stand in each other, in a schema and in a value."""

_ONE: Final = (
    "items",
    "additionalProperties",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_SEVERAL: Final = ("prefixItems", "allOf", "anyOf", "oneOf")
_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in cast("list[object]", value))


def _is_size(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _is_type(value: Any) -> bool:
    return (_is_text(value) or _is_texts(value)) and all(each in KINDS for each in kinds_of(value))


def _is_dependencies(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_texts(each) for each in cast("dict[str, Any]", value).values())


_WANTED: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = MappingProxyType(
    {
        "type": (_is_type, f"a word or a list of words of {', '.join(KINDS)}"),
        "enum": (lambda value: isinstance(value, list), "a list"),
        "required": (_is_texts, "a list of names"),
        "dependentRequired": (_is_dependencies, "an object with lists of names"),
        "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
        "multipleOf": (lambda value: is_number(value) and value > 0, "a number above 0"),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), (is_number, "a number")),
        **dict.fromkeys(("$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "format"), (_is_text, "a text")),
        "pattern": (_is_text, "a regular expression"),
        **dict.fromkeys(
            ("minLength", "maxLength", "minItems", "maxItems", "minContains", "maxContains"),
            (_is_size, "a whole number from 0"),
        ),
        **dict.fromkeys(("minProperties", "maxProperties"), (_is_size, "a whole number from 0")),
        **dict.fromkeys(_SEVERAL, (lambda value: isinstance(value, list), "a list of schemas")),
        **dict.fromkeys(_NAMED, (lambda value: isinstance(value, dict), "an object with schemas")),
    }
)


class SchemaIndex:
    """Finds schemas by reference, and patterns by their text.

    Args:
        root: The whole schema; it must not be changed while the index is in use.

    Raises:
        DeclarationError: A keyword has a value it cannot have, or the schema is nested too deeply.
    """

    def __init__(self, root: Schema) -> None:
        self._resources: dict[str, Schema] = {"": root}
        self._bases: dict[int, str] = {}
        self._patterns: dict[str, TextPattern] = {}
        self._add(root, "")

    def pattern(self, source: str) -> TextPattern:
        """Return the pattern of a text that a schema of the index holds."""
        return self._patterns[source]

    def references(self, schema: dict[str, Any]) -> Iterator[Schema]:
        """Yield the schemas that a schema refers to.

        Raises:
            DeclarationError: Nothing is there.
        """
        for keyword in ("$ref", "$dynamicRef"):
            if keyword in schema:
                yield self._target(schema[keyword], self._bases[id(schema)])

    def _add(self, root: Schema, base: str) -> None:
        """Check a schema and all inside it, and keep where they are; those known already are passed over."""
        waiting: list[tuple[Any, str, int]] = [(root, base, 0)]
        while waiting:
            schema, base, depth = waiting.pop()
            if isinstance(schema, bool):
                continue
            if not isinstance(schema, dict):
                raise _unfit(f"{shown(schema)} stands where a schema must.", "A schema is an object, true or false.")
            if depth > DEEPEST:
                raise _unfit(f"More than {DEEPEST} schemas stand in each other.", "Name the inner ones in `$defs`.")
            known = cast("dict[str, object]", schema)
            if id(known) not in self._bases:
                base = self._enter(known, base)
                waiting.extend((each, base, depth + 1) for each in _inner(known))

    def _enter(self, schema: dict[str, Any], base: str) -> str:
        """Check one schema, keep its address, and return what references inside it are relative to."""
        for keyword, value in schema.items():
            wanted = _WANTED.get(keyword)
            if wanted is not None and not wanted[0](value):
                raise _unfit(f"`{keyword}` is {shown(value)}.", f"It must be {wanted[1]}.")
        if "$id" in schema:
            base = urldefrag(_joined(base, schema["$id"])).url
            self._resources.setdefault(base, schema)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if keyword in schema:
                self._resources.setdefault(f"{base}#{schema[keyword]}", schema)
        self._bases[id(schema)] = base
        for source in [schema["pattern"]] if "pattern" in schema else []:
            self._patterns[source] = TextPattern(source)
        for source in schema.get("patternProperties", ()):
            self._patterns[source] = TextPattern(source)
        return base

    def _target(self, reference: str, base: str) -> Schema:
        address, fragment = urldefrag(_joined(base, reference))
        if fragment and not fragment.startswith("/"):
            found = self._resources.get(f"{address}#{unquote(fragment)}")
            return self._known(found, reference, address)
        here: Any = self._known(self._resources.get(address), reference, address)
        for step in unquote(fragment).split("/")[1:]:
            here = _stepped(here, step.replace("~1", "/").replace("~0", "~"))
            address = self._bases.get(id(here), address)
        return self._known(here, reference, address)

    def _known(self, found: Any, reference: str, base: str) -> Schema:
        if found is None:
            near = closest(reference, [each for each in self._resources if each])
            hint = (
                f"Did you mean `{near}`?" if near else "References lead to places in the same schema; none is fetched."
            )
            raise _unfit(f"`$ref` leads to {reference[:100]!r}, where no schema is.", hint)
        self._add(found, base)
        return cast("Schema", found)


def _inner(schema: dict[str, Any]) -> Iterator[Any]:
    yield from (schema[keyword] for keyword in _ONE if keyword in schema)
    for keyword in _SEVERAL:
        yield from schema.get(keyword, ())
    for keyword in _NAMED:
        yield from schema.get(keyword, {}).values()


def _joined(base: str, reference: str) -> str:
    # `urljoin` knows nothing of bases such as `urn:`, to which only fragments can be added.
    return f"{urldefrag(base).url}{reference}" if reference.startswith("#") else urljoin(base, reference)


def _stepped(here: Any, step: str) -> Any:
    if isinstance(here, dict):
        return cast("dict[str, Any]", here).get(step)
    if isinstance(here, list) and step.isascii() and step.isdigit():
        items = cast("list[object]", here)
        return items[int(step)] if len(step) < 10 and int(step) < len(items) else None
    return None


def _unfit(reason: str, hint: str) -> DeclarationError:
    return DeclarationError(f"This is no JSON Schema of draft 2020-12: {reason}", hint=hint, code="json-schema")
