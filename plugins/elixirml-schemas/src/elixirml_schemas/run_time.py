"""Records made at run time: a frozen attrs class from a list of fields."""

import keyword
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property, partial
from threading import Lock
from typing import Any, cast
from unicodedata import normalize

import attrs

from elixirml.contracts import FieldDeclaration
from elixirml.contracts.constraints import Description
from elixirml.errors import DeclarationError
from elixirml_schemas.fields import SchemaField, declared_of
from elixirml_schemas.reader import read_slot
from elixirml_schemas.records import SHAPE, RecordShape, Slot
from elixirml_schemas.rules import NO_RULES, Rules
from elixirml_schemas.shape import Mark

__all__ = ["make_record", "make_slot", "record_of"]


def make_record(
    name: str, fields: Sequence[FieldDeclaration | SchemaField], *, rules: Rules = NO_RULES, description: str = ""
) -> RecordShape:
    """Return the shape of a new frozen class with these fields; the class itself is made at its first use.

    Raises:
        DeclarationError: A name is no identifier or is given twice, a type is not supported, a default does not fit.
    """
    _check_names(name, [*(each.name for each in fields), *(computed for computed, _ in rules.computed)])
    slots = tuple(read_slot(name, declared_of(each)) for each in fields)
    return record_of(name, slots, rules=rules, description=description)


def record_of(name: str, slots: Sequence[Slot], *, rules: Rules = NO_RULES, description: str = "") -> RecordShape:
    """Return the shape of a new frozen class with fields that have been read already.

    Raises:
        DeclarationError: A name is no identifier or is given twice.
    """
    _check_names(name, [*(each.name for each in slots), *(computed for computed, _ in rules.computed)])
    defaults = {each.name: each.shape.read(each.default, (), []) for each in slots if not each.required}
    marks = (Description(description),) if description else ()
    return RecordShape(_Later(name, slots, defaults, marks, rules), tuple(slots), marks=marks, rules=rules)


class _Later:
    """A class to be made: attrs compiles its methods, which costs more than all else that declaring a stage does."""

    def __init__(
        self,
        name: str,
        slots: Sequence[Slot],
        defaults: Mapping[str, Any],
        marks: tuple[Mark, ...],
        rules: Rules,
    ) -> None:
        self.__name__ = name
        self._slots = tuple(slots)
        self._defaults = defaults
        self._marks = marks
        self._rules = rules
        self._made: type[Any] | None = None
        self._lock = Lock()

    def __call__(self) -> type[Any]:
        """Return the class, the same one in every thread: values of another would not be of the record."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> type[Any]:
        attributes = {each.name: self._attribute(each) for each in self._slots}
        body: dict[str, Any] = {name: cached_property(rule) for name, rule in self._rules.computed}
        made = attrs.make_class(self.__name__, attributes, class_body=body, frozen=True, slots=True, kw_only=True)
        setattr(made, SHAPE, RecordShape(self, self._slots, marks=self._marks, rules=self._rules))
        return made

    def _attribute(self, slot: Slot) -> Any:
        about = dict(slot.metadata) | ({"description": slot.description} if slot.description else {})
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
    return read_slot("field", declared_of(declaration))


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
