"""Records made at run time: a frozen attrs class from a list of fields."""

import keyword
from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any, cast

import attrs

from elixirml.contracts import NO_DEFAULT, FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml_schemas.declared import Declared
from elixirml_schemas.reader import read_slot
from elixirml_schemas.records import RecordShape, Slot

__all__ = ["make_record", "make_slot"]


def make_record(name: str, fields: Sequence[FieldDeclaration]) -> RecordShape:
    """Return the shape of a new frozen class with these fields.

    Raises:
        DeclarationError: A name is no identifier or is given twice, a type is not supported, a default does not fit.
    """
    _check_names(name, [each.name for each in fields])
    slots = tuple(read_slot(name, _declared(each)) for each in fields)
    attributes = {each.name: _attribute(each, slot) for each, slot in zip(fields, slots, strict=True)}
    cls: type[Any] = attrs.make_class(name, attributes, frozen=True, slots=True, kw_only=True)
    return RecordShape(cls, slots)


def make_slot(declaration: FieldDeclaration) -> Slot:
    """Return one field, without a record around it.

    Raises:
        DeclarationError: Its name is no identifier, its type is not supported, or its default does not fit.
    """
    _check_names("field", [declaration.name])
    return read_slot("field", _declared(declaration))


def _check_names(name: str, names: Sequence[str]) -> None:
    for each in (name, *names):
        # `self` and leading underscores would clash with what the class is made of.
        if not each.isidentifier() or keyword.iskeyword(each) or each == "self" or each.startswith("_"):
            where = "A record" if each is name else f"A field of `{name}`"
            raise DeclarationError(
                f"{where} is named {each!r}, which cannot name one.",
                hint="Use letters, digits and `_`, beginning with a letter; not a word of Python such as `class`.",
                code="field-name",
            )
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise DeclarationError(f"`{name}` has two fields named `{twice[0]}`.", hint="Rename one.", code="field-twice")


def _declared(given: FieldDeclaration) -> Declared:
    required = given.default is NO_DEFAULT
    return Declared(given.name, given.name, given.annotation, required, given.default, given.description)


def _attribute(given: FieldDeclaration, slot: Slot) -> Any:
    about = {"description": slot.description} if slot.description else {}
    if slot.required:
        return attrs.field(type=cast("type[Any]", given.annotation), metadata=about)
    typed = slot.shape.read(given.default, (), [])
    return attrs.field(type=cast("type[Any]", given.annotation), metadata=about, factory=partial(deepcopy, typed))
