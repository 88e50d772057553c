"""Every rule of schema engines is failed by an engine that breaks it, and by it alone."""

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from types import SimpleNamespace
from typing import Any, Literal, get_args, get_origin

import pytest
from attrs import evolve

from elixirml.contracts import NO_DEFAULT, Field, FieldDeclaration
from elixirml.errors import DeclarationError, Problem, ValidationError
from elixirml.testing.conformance.schema_engine import Declared, SchemaEngineConformance
from elixirml.testing.conformance.suites import suite_of

TYPES = {"string": str, "integer": int, "number": float}


@dataclass
class Book:
    """A record as users declare it."""

    title: str
    pages: int


class Record:
    """A schema as it should be: closed records of a few types."""

    def __init__(self, name: str, fields: Sequence[Field]) -> None:
        self.name = name
        self.fields: Any = tuple(fields)

    def validate(self, data: Mapping[str, Any]) -> Any:
        problems = [*self.absent(data), *self.unknown(data), *self.misfits(data)]
        if problems:
            raise ValidationError("The data does not fit.", problems=problems)
        given = {each.name: data.get(each.name, self.default(each)) for each in self.fields}
        return SimpleNamespace(**given)

    def default(self, field: Field) -> Any:
        return field.default

    def absent(self, data: Mapping[str, Any]) -> list[Problem]:
        return [
            Problem((each.name,), "missing", "required")
            for each in self.fields
            if each.required and each.name not in data
        ]

    def unknown(self, data: Mapping[str, Any]) -> list[Problem]:
        known = {each.name for each in self.fields}
        return [Problem((name,), "unknown", "no field") for name in data if name not in known]

    def misfits(self, data: Mapping[str, Any]) -> list[Problem]:
        return [
            problem
            for each in self.fields
            if each.name in data
            for problem in self.wrong(each.schema, data[each.name], (each.name,))
        ]

    def wrong(self, schema: Mapping[str, Any], value: Any, path: tuple[Any, ...]) -> list[Problem]:
        if schema["type"] == "array" and isinstance(value, list):
            return [each for at, item in enumerate(value) for each in self.wrong(schema["items"], item, (*path, at))]
        kind = TYPES.get(schema["type"])
        fits = kind is not None and isinstance(value, kind) and not isinstance(value, bool)
        if not fits or value not in schema.get("enum", [value]):
            return [Problem(path, "type", f"expected {schema}")]
        return []

    def dump(self, value: Any) -> Any:
        return dict(vars(value))

    def json_schema(self) -> Any:
        return {
            "type": "object",
            "properties": {each.name: dict(each.schema) for each in self.fields},
            "required": [each.name for each in self.fields if each.required],
            "additionalProperties": False,
        }


class Engine:
    """An engine as it should be."""

    schema_class: Any = Record

    def supports(self, declared: object) -> Any:
        return is_dataclass(declared) and inspect.isclass(declared)

    def schema(self, declared: Any) -> Any:
        hints = inspect.get_annotations(declared)
        return self.record(
            declared.__name__, [FieldDeclaration(each.name, hints[each.name]) for each in fields(declared)]
        )

    def field(self, declaration: FieldDeclaration) -> Any:
        required = declaration.default is NO_DEFAULT
        return Field(
            declaration.name,
            declaration.annotation,
            self.described(declaration.name, declaration.annotation),
            required=required,
            default=None if required else declaration.default,  # type: ignore[arg-type]
            description=declaration.description,
        )

    def described(self, name: str, annotation: Any) -> dict[str, Any]:
        if get_origin(annotation) is Literal:
            return {"type": "string", "enum": list(get_args(annotation))}
        if get_origin(annotation) is list:
            return {"type": "array", "items": self.described(name, get_args(annotation)[0])}
        for word, kind in TYPES.items():
            if annotation is kind:
                return {"type": word}
        raise DeclarationError(f"The type of `{name}` cannot be read.")

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> Any:
        return self.schema_class(name, [self.field(each) for each in fields])


class Modest(Engine):
    def supports(self, declared: object) -> Any:
        return False


class Greedy(Engine):
    def supports(self, declared: object) -> Any:
        return super().supports(declared) or declared is None


class Blind(Engine):
    """Reads declared types as records of texts."""

    def schema(self, declared: Any) -> Any:
        return self.record("any", [FieldDeclaration(each.name, str) for each in fields(declared)])


class Turned(Engine):
    def field(self, declaration: FieldDeclaration) -> Any:
        return evolve(super().field(declaration), description="")


class Unchosen(Engine):
    def described(self, name: str, annotation: Any) -> dict[str, Any]:
        found = super().described(name, annotation)
        return {**found, "enum": [*found["enum"], 0]} if "enum" in found else found


class Apart(Engine):
    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> Any:
        return self.schema_class(name, [evolve(self.field(each), annotation=object, schema={
            **self.field(each).schema, "title": each.name
        }) for each in fields])  # fmt: skip


class Rounding(Record):
    def dump(self, value: Any) -> Any:
        return {name: int(each) if each == 2.5 else each for name, each in vars(value).items()}


class Mapped(Record):
    def validate(self, data: Mapping[str, Any]) -> Any:
        return dict(vars(super().validate(data)))

    def dump(self, value: Any) -> Any:
        return dict(value)


class Undefaulted(Record):
    def default(self, field: Field) -> Any:
        return None


class Unplaced(Record):
    def absent(self, data: Mapping[str, Any]) -> list[Problem]:
        return [Problem((), each.code, each.message) for each in super().absent(data)]


class OneByOne(Record):
    def misfits(self, data: Mapping[str, Any]) -> list[Problem]:
        return super().misfits(data)[:1]


class Open(Record):
    def unknown(self, data: Mapping[str, Any]) -> list[Problem]:
        return []


class Crashing(Record):
    def wrong(self, schema: Mapping[str, Any], value: Any, path: tuple[Any, ...]) -> list[Problem]:
        if value == 10**400:
            raise OverflowError
        return super().wrong(schema, value, path)


class Untyped(Record):
    def json_schema(self) -> Any:
        return {**super().json_schema(), "required": []}


class Referring(Record):
    def json_schema(self) -> Any:
        return {**super().json_schema(), "$defs": {"t": {}}, "allOf": [{"$ref": "#/$defs/t"}]}


class Vague(Engine):
    def described(self, name: str, annotation: Any) -> dict[str, Any]:
        try:
            return super().described(name, annotation)
        except DeclarationError:
            raise DeclarationError("A type cannot be read.") from None


def suite(engine: Any = Engine, *, schema: Any = Record) -> Any:
    book = Declared(Book, {"title": "Harbour", "pages": 3}, {"title": "Harbour", "pages": "three"})
    made = type(engine.__name__, (engine,), {"schema_class": schema})
    return suite_of("schemas", made, declared=lambda _: book)


RIGHT = suite()
WRONG = {
    "test_it_supports_what_it_reads": suite(Modest),
    "test_it_leaves_other_types_to_others": suite(Greedy),
    "test_declared_types_are_read": suite(Blind),
    "test_a_record_has_its_fields_in_order": suite(Turned),
    "test_choices_are_known": suite(Unchosen),
    "test_a_field_alone_is_as_in_a_record": suite(Apart),
    "test_valid_data_survives": suite(schema=Rounding),
    "test_values_allow_attribute_access": suite(schema=Mapped),
    "test_an_absent_optional_field_takes_its_default": suite(schema=Undefaulted),
    "test_a_missing_field_is_a_problem_at_its_path": suite(schema=Unplaced),
    "test_every_problem_is_told_with_its_path": suite(schema=OneByOne),
    "test_an_unknown_field_is_a_problem": suite(schema=Open),
    "test_junk_is_a_validation_error": suite(schema=Crashing),
    "test_the_json_schema_describes_the_fields": suite(schema=Untyped),
    "test_schemas_hold_no_references": suite(schema=Referring),
    "test_a_type_that_cannot_be_read_is_a_declaration_error": suite(Vague),
}


def test_a_right_engine_passes(judge: Any) -> None:
    """Every rule is tried on a right engine, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_engine(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, SchemaEngineConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_engine_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
