"""The shape of a record: a class with named fields; an object in JSON."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

from attrs import field, frozen

from elixirml.contracts import NO_DEFAULT
from elixirml.contracts.constraints import Description
from elixirml.errors import Problem, did_you_mean
from elixirml.identity import Json
from elixirml_schemas.marks import with_keywords
from elixirml_schemas.rules import NO_RULES, Rules
from elixirml_schemas.shape import Mark, Path, Shape, refuse

__all__ = ["SHAPE", "DeferredClass", "RecordShape", "Slot"]

SHAPE: Final = "__elixirml_shape__"
"""Where a class made at run time keeps the shape it was made from, whose rules its fields do not tell."""


class DeferredClass(Protocol):
    """Returns a class, the same one each time, and knows its name before."""

    __name__: str

    def __call__(self) -> type[Any]:
        """Return the class."""
        ...


@frozen
class Slot:
    """One field of a record.

    Attributes:
        name: The key in data and the attribute of values.
        argument: The constructor's keyword; it differs for private attributes of attrs classes.
        annotation: The declared type.
        shape: How the type is read.
        required: Whether it must be given.
        default: What it becomes when absent, as JSON; `NO_DEFAULT` when nothing is known of it.
        description: What it means.
        examples: Values it may have, as JSON.
        metadata: What else its declaration says.
    """

    name: str
    argument: str
    annotation: object = field(hash=False)
    shape: Shape
    required: bool
    default: object = field(default=NO_DEFAULT, hash=False)
    description: str = ""
    examples: tuple[Json, ...] = field(default=(), hash=False)
    metadata: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the property, with what the field says of itself."""
        about: dict[str, Any] = {"description": self.description} if self.description else {}
        if self.default is not NO_DEFAULT:
            about["default"] = self.default
        if self.examples:
            about["examples"] = list(self.examples)
        return self.shape.schema() | about


@frozen
class RecordShape:
    """A class with named fields.

    Attributes:
        source: The class, or what returns it when it is first needed, named as it will be.
        slots: Its fields, in declared order.
        keyed: Whether values are dictionaries, as those of a `TypedDict` are, rather than objects with attributes.
        marks: A description at most.
        rules: What is done and demanded beyond the fields.
    """

    source: type[Any] | DeferredClass
    slots: tuple[Slot, ...]
    keyed: bool = False
    marks: tuple[Mark, ...] = ()
    rules: Rules = NO_RULES
    forms: frozenset[str] = field(default=frozenset({"object"}), init=False, repr=False)
    takes: frozenset[type[Mark]] = field(default=frozenset({Description}), init=False, repr=False)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.source.__name__

    @property
    def cls(self) -> type[Any]:
        """The class itself."""
        return self.source if isinstance(self.source, type) else self.source()

    @property
    def noun(self) -> str:
        """What messages call it."""
        return f"an object with the fields of {self.name}"

    @property
    def plain(self) -> bool:
        """Whether values are dictionaries of plain data."""
        return self.keyed and all(each.shape.plain for each in self.slots)

    @property
    def hashable(self) -> bool:
        """Whether values may be members of a set."""
        hashes = cast("Callable[..., int] | None", self.cls.__hash__) is not None
        return hashes and not self.keyed and all(each.shape.hashable for each in self.slots)

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema: a closed object, nested records written out in place."""
        base: dict[str, Any] = {
            "type": "object",
            "properties": {each.name: each.schema() for each in self.slots},
            "required": [each.name for each in self.slots if each.required],
            "additionalProperties": False,
        }
        return with_keywords(base, self.marks)

    def read(self, value: object, path: Path, problems: list[Problem]) -> Any:
        """Accept an object or a value of the class, and read every field."""
        wrong: list[Problem] = []
        if not self.keyed and isinstance(value, self.cls):
            self._judge(value, path, wrong)
        elif isinstance(value, Mapping):
            value = self._typed(cast("Mapping[object, object]", value), path, wrong)
        else:
            return refuse(problems, path, self.noun, value)
        problems += wrong
        return value

    def dump(self, value: Any) -> Json:
        """Return the fields as an object."""
        if self.keyed:
            return {each.name: each.shape.dump(value[each.name]) for each in self.slots if each.name in value}
        return {each.name: each.shape.dump(getattr(value, each.name)) for each in self.slots}

    def _judge(self, value: Any, path: Path, problems: list[Problem]) -> None:
        """Judge a value of the class, which need not hold what the class declares."""
        for each in self.slots:
            each.shape.read(getattr(value, each.name), (*path, each.name), problems)
        if not problems:
            self.rules.judge(value, path, problems)

    def _typed(self, given: Mapping[object, object], path: Path, problems: list[Problem]) -> Any:
        if self.rules.before:
            given = self.rules.prepared(given, path, problems)
            if problems:
                return None
        values = self._values(given, path, problems)
        self._refuse_unknown(given, path, problems)
        value = None if problems else self._build(values, path, problems)
        return None if problems else self.rules.completed(value, path, problems)

    def _values(self, given: Mapping[object, object], path: Path, problems: list[Problem]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for each in self.slots:
            if each.name in given:
                values[each.argument] = each.shape.read(given[each.name], (*path, each.name), problems)
            elif each.required:
                noun, place = each.shape.noun, (*path, each.name)
                problems.append(Problem(place, "missing", f"missing; expected {noun}", expected=noun, got="nothing"))
        return values

    def _refuse_unknown(self, given: Mapping[object, object], path: Path, problems: list[Problem]) -> None:
        names = [each.name for each in self.slots]
        for key in given:
            if key not in names:
                message = f"no field of {self.name}. {did_you_mean(str(key), names)}"
                problems.append(Problem((*path, str(key)), "unknown", message))

    def _build(self, values: dict[str, Any], path: Path, problems: list[Problem]) -> Any:
        try:
            return values if self.keyed else self.cls(**values)
        except (TypeError, ValueError, AssertionError) as error:  # a validator of the class itself
            return problems.append(Problem(path, "invalid", f"{self.name} refuses it: {error}"))
