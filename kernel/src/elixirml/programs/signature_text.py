"""Signatures written as text: `context, question -> answer: str, confidence: float`."""

import ast
from collections.abc import Iterator

from attrs import frozen

from elixirml.contracts.schema import FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml.programs.annotations import parse_annotation

__all__ = ["SignatureText", "parse_signature"]


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
    names = [each.name for each in (*inputs, *outputs)]
    for name in names:
        if names.count(name) > 1:
            raise DeclarationError(f"The signature `{text}` names `{name}` twice.", code="name-twice")
    return SignatureText(inputs, outputs)


def _side(side: str, text: str) -> tuple[FieldDeclaration, ...]:
    fields = tuple(_field(part, text) for part in _split(side) if part.strip())
    if not fields:
        raise DeclarationError(f"The signature `{text}` needs at least one field on each side of the arrow.")
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
    if not name.isidentifier() or _is_keyword(name):
        raise DeclarationError(f"`{name}` in the signature `{text}` is not a name.", code="name-invalid")
    return FieldDeclaration(name, parse_annotation(annotation) if colon else str)


def _is_keyword(name: str) -> bool:
    try:
        ast.parse(f"{name} = 0")
    except SyntaxError:
        return True
    return False
