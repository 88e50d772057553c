"""Signatures written as text: `context, question -> answer: str, confidence: float`."""

import keyword
from collections.abc import Iterator, Sequence

from attrs import frozen

from elixirml.contracts.schema import FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml.programs.annotations import parse_annotation

__all__ = ["SignatureText", "parse_fields", "parse_signature"]


@frozen
class SignatureText:
    """The two sides of a signature written as text."""

    inputs: tuple[FieldDeclaration, ...]
    outputs: tuple[FieldDeclaration, ...]


def parse_signature(text: str) -> SignatureText:
    """Return the fields of a signature written as text; a field without a type is a `str`.

    Raises:
        DeclarationError: The arrow is missing, a side is empty, a name is no identifier, is given twice or has a bad
            type.

    Example:
        >>> [field.name for field in parse_signature("context, question -> answer: str").outputs]
        ['answer']
    """
    left, arrow, right = text.partition("->")
    if not arrow:
        raise DeclarationError(
            f"The signature `{text}` has no arrow.", hint="Write `inputs -> outputs`, as in `question -> answer: str`."
        )
    inputs, outputs = _side(left, text), _side(right, text)
    _refuse_repeats((*inputs, *outputs), text)
    return SignatureText(inputs, outputs)


def parse_fields(text: str) -> tuple[FieldDeclaration, ...]:
    """Return the fields of one side of a signature, such as `context, question: str`.

    Raises:
        DeclarationError: There is no field, a name is no identifier, is given twice or has a bad type.
    """
    fields = _side(text, text)
    _refuse_repeats(fields, text)
    return fields


def _refuse_repeats(fields: Sequence[FieldDeclaration], text: str) -> None:
    names = [each.name for each in fields]
    for name in names:
        if names.count(name) > 1:
            raise DeclarationError(
                f"The signature `{text}` names `{name}` twice.", hint="Rename one of the two.", code="name-twice"
            )


def _side(side: str, text: str) -> tuple[FieldDeclaration, ...]:
    fields = tuple(_field(part, text) for part in _split(side) if part.strip())
    if not fields:
        raise DeclarationError(
            f"The signature `{text}` needs at least one field on each side of the arrow.",
            hint="Write `inputs -> outputs`, as in `question -> answer: str`.",
        )
    return fields


def _split(side: str) -> Iterator[str]:
    """Yield the parts between commas that stand outside brackets and quotes."""
    depth, quote, start = 0, "", 0
    for index, sign in enumerate(side):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "[(":
            depth += 1
        elif sign in "])":
            depth -= 1
        elif sign == "," and depth == 0:
            yield side[start:index]
            start = index + 1
    yield side[start:]


def _field(part: str, text: str) -> FieldDeclaration:
    name, colon, annotation = part.partition(":")
    name = name.strip()
    if not name.isidentifier() or keyword.iskeyword(name):
        raise DeclarationError(
            f"`{name}` in the signature `{text}` is not a name.",
            hint="Write fields between commas, each `name` or `name: type`.",
            code="name-invalid",
        )
    return FieldDeclaration(name, parse_annotation(annotation) if colon else str)
