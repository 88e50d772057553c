"""Reads replies whose fields are XML elements."""

from collections.abc import Mapping, Sequence
from typing import Any

from elixirml_adapters.parsing.failure import Path, bounded
from elixirml_adapters.parsing.fitting import agree, fill_absent, fit_each, wrong_type
from elixirml_adapters.parsing.names import fold
from elixirml_adapters.parsing.plain_text import fit_json_text, fit_plain_member, holds_json, settle
from elixirml_adapters.parsing.shapes import ListOf, MapOf, Record, Shape, Union, record_of
from elixirml_adapters.parsing.thinking import THINKING_TAGS, answer_of
from elixirml_adapters.parsing.values import describe
from elixirml_adapters.parsing.xml_elements import Element, elements, holds_tags

__all__ = ["parse_xml_reply"]


@bounded
def parse_xml_reply(reply: str | None, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a reply that gives each as an element.

    Args:
        reply: What the model said; None when it said nothing.
        schema: An object schema with the fields as `properties`.

    Returns:
        The fields in schema order; optional ones that are absent and have no default are left out.

    Raises:
        ParseFailure: `empty`, `truncated`, `ambiguous`, `missing_field`, `wrong_type`, `not_in_enum` or `malformed`.

    Example:
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        >>> parse_xml_reply("Sure: <n>1,000</n>", schema)
        {'n': 1000}
    """
    record = record_of(schema)
    # A field may be called `thinking` itself; then its element is no thought.
    thoughts = [tag for tag in THINKING_TAGS if record.names.find(tag) is None]
    return _fit_children(answer_of(reply, tags=thoughts), record, ())


def _fit_children(source: str, record: Record, path: Path) -> dict[str, Any]:
    found = elements(source, lambda name: record.names.find(name) is not None)
    given = record.names.gather_alike((element.name, element) for element in found)
    fitted: dict[str, Any] = {}
    for field in record.fields:
        if occurrences := given.get(field.name):
            fitted[field.name] = _fit(occurrences, field.shape, (*path, field.name))
        else:
            fill_absent(field, fitted, path)
    return fitted


def _fit(occurrences: Sequence[Element], shape: Shape, path: Path) -> Any:
    """Return the value that all elements for one field together stand for."""
    if len(occurrences) == 1:
        return _fit_element(occurrences[0], shape, path)
    lists = [member for member in _members(shape) if isinstance(member, ListOf)]
    if lists:
        return _fit_elements(_items_of_each(occurrences, lists[0]), lists[0].item, path)
    distinct = list({element.source: element for element in occurrences}.values())
    return agree(distinct, lambda element: _fit_element(element, shape, path), path)


def _fit_elements(items: Sequence[Element], shape: Shape, path: Path) -> list[Any]:
    return fit_each(items, lambda item: item.source, lambda item, index: _fit_element(item, shape, (*path, index)))


def _fit_element(element: Element, shape: Shape, path: Path) -> Any:
    text = element.text

    def fit_member(member: Shape) -> Any:
        match member:
            case ListOf():
                return _fit_list(element, member, path)
            case Record():
                return _fit_record(element, member, path)
            case MapOf():
                return _fit_map(element, member, path)
            case _:
                return fit_plain_member(text, member, path)

    return settle(text, shape, path, fit_member)


def _fit_list(element: Element, shape: ListOf, path: Path) -> list[Any]:
    items = _items(element, shape.item)
    if items:
        return _fit_elements(items, shape.item, path)
    if not element.source.strip():
        return []
    if holds_json(element.text, shape):
        return list(fit_json_text(element.text, shape, path))
    return [_fit_element(element, shape.item, path)]


def _fit_record(element: Element, shape: Record, path: Path) -> dict[str, Any]:
    if holds_json(element.text, shape):
        return dict(fit_json_text(element.text, shape, path))
    if element.source.strip() and not holds_tags(element.source):
        raise wrong_type("an object", describe(element.text), path)
    return _fit_children(element.source, shape, path)


def _fit_map(element: Element, shape: MapOf, path: Path) -> dict[str, Any]:
    if holds_json(element.text, shape):
        return dict(fit_json_text(element.text, shape, path))
    if element.source.strip() and not holds_tags(element.source):
        raise wrong_type("an object", describe(element.text), path)
    given: dict[str, list[Element]] = {}
    for child in elements(element.source, lambda _: True):
        given.setdefault(child.key, []).append(child)
    return {} if shape.value is None else {key: _fit(each, shape.value, (*path, key)) for key, each in given.items()}


def _items(element: Element, shape: Shape) -> list[Element]:
    """Return the `<item>` children; what stands inside another child that the item's shape knows is none."""
    inner = _members(shape)

    def wanted(name: str) -> bool:
        return fold(name) == "item" or any(
            isinstance(member, MapOf) or (isinstance(member, Record) and member.names.find(name) is not None)
            for member in inner
        )

    return [child for child in elements(element.source, wanted) if fold(child.name) == "item"]


def _items_of_each(occurrences: Sequence[Element], shape: ListOf) -> list[Element]:
    """Return the items when the element is repeated: each element is one, unless it holds items itself."""
    if any(isinstance(member, ListOf) for member in _members(shape.item)):
        return list(occurrences)
    return [item for element in occurrences for item in _items(element, shape.item) or [element]]


def _members(shape: Shape) -> Sequence[Shape]:
    return shape.members if isinstance(shape, Union) else (shape,)
