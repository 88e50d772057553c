"""Records made at run time: a frozen attrs class from a list of fields."""

import keyword
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from threading import Lock
from typing import Any, cast
from unicodedata import normalize

import attrs

from elixirml.contracts import NO_DEFAULT, FieldDeclaration
from elixirml.errors import DeclarationError
from elixirml_schemas.declared import Declared
from elixirml_schemas.reader import read_slot
from elixirml_schemas.records import RecordShape, Slot

__all__ = ["make_record", "make_slot"]


def make_record(name: str, fields: Sequence[FieldDeclaration]) -> RecordShape:
    """Return the shape of a new frozen class with these fields; the class itself is made at its first use.

    Raises:
        DeclarationError: A name is no identifier or is given twice, a type is not supported, a default does not fit.
    """
    _check_names(name, [each.name for each in fields])
    slots = tuple(read_slot(name, _declared(each)) for each in fields)
    optional = ((each, slot) for each, slot in zip(fields, slots, strict=True) if not slot.required)
    defaults = {each.name: slot.shape.read(each.default, (), []) for each, slot in optional}
    return RecordShape(_Later(name, slots, defaults), slots)


class _Later:
    """A class to be made: attrs compiles its methods, which costs more than all else that declaring a stage does."""

    def __init__(self, name: str, slots: Sequence[Slot], defaults: Mapping[str, Any]) -> None:
        self.__name__ = name
        self._slots = slots
        self._defaults = defaults
        self._made: type[Any] | None = None
        self._lock = Lock()

    def __call__(self) -> type[Any]:
        """Return the class, the same one in every thread: values of another would not be of the record."""
        with self._lock:
            if self._made is None:
                attributes = {each.name: self._attribute(each) for each in self._slots}
                self._made = attrs.make_class(self.__name__, attributes, frozen=True, slots=True, kw_only=True)
            return self._made

    def _attribute(self, slot: Slot) -> Any:
        about = {"description": slot.description} if slot.description else {}
        annotation = cast("type[Any]", slot.annotation)
        if slot.required:
            return attrs.field(type=annotation, metadata=about)
        return attrs.field(type=annotation, metadata=about, factory=partial(deepcopy, self._defaults[slot.name]))


def make_slot(declaration: FieldDeclaration) -> Slot:
    """Return one field, without a record around it.

    Raises:
        DeclarationError: Its name is no identifier, its type is not supported, or its default does not fit.
    """
    _check_names("field", [declaration.name])
    return read_slot("field", _declared(declaration))


def _check_names(name: str, names: Sequence[str]) -> None:
    for each in (name, *names):
        # `self` and leading underscores would clash with what the class is made of; a name that Python writes in
        # another form, as it does a ligature, would not be found again.
        odd = keyword.iskeyword(each) or each == "self" or each.startswith("_") or normalize("NFKC", each) != each
        if odd or not each.isidentifier():
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
