"""What every schema engine promises: strict reading, every problem with its path, and data that survives."""

from collections.abc import Mapping
from random import Random
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from elixirml.contracts.schema import FieldDeclaration, Schema, SchemaEngine
from elixirml.errors import DeclarationError, ValidationError
from elixirml.identity import Json
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect

__all__ = ["Declared", "SchemaEngineConformance"]

_ROW: Final = (
    FieldDeclaration("title", str, "what it is called"),
    FieldDeclaration("pages", int),
    FieldDeclaration("kind", Literal["film", "food"]),
    FieldDeclaration("tags", list[str]),
    FieldDeclaration("price", float, default=1.5),
)
_GOOD: Final[Mapping[str, Json]] = {"title": "Harbour", "pages": 3, "kind": "food", "tags": ["a", "b"], "price": 2.5}


@frozen
class Declared:
    """A declared record type, with data of it.

    Attributes:
        type: As users write it.
        good: Data that fits, with a value for every field.
        bad: Data that does not.
    """

    type: Any
    good: Mapping[str, Json] = field(hash=False)
    bad: Mapping[str, Json] = field(hash=False)


class SchemaEngineConformance(Conformance[SchemaEngine]):
    """What is promised by `elixirml.contracts.SchemaEngine` and by its schemas.

    Example:
        >>> class TestModels(SchemaEngineConformance):
        ...     def subject(self):
        ...         return ModelSchemas()
        ...
        ...     def declared(self):
        ...         return Declared(Book, {"title": "Harbour"}, {"title": 3})

    .. versionadded:: 0.1
    """

    unreadable: ClassVar[object] = object()
    """An annotation that no engine can read."""

    def declared(self) -> Declared:
        """Return a record type that the engine reads."""
        raise NotApplicable("No record type is known that it reads: let `declared` return one.")

    def test_it_supports_what_it_reads(self) -> None:
        """An engine claims its own types."""
        expect(
            self.subject().supports(self.declared().type),
            f"`supports` refuses {self.declared().type!r}, which it reads: return True.",
        )

    def test_it_leaves_other_types_to_others(self) -> None:
        """Several engines live side by side, so none claims what is no record."""
        claimed = [each for each in (int, str, "text", 3, None, list[int]) if self.subject().supports(each)]
        expect(not claimed, f"`supports` claims {claimed}: return True for record types alone.")

    def test_declared_types_are_read(self) -> None:
        """Data of a declared type survives, and other data is refused."""
        schema = self.subject().schema(self.declared().type)
        self._check_survives(schema, self.declared().good)
        self._problems(schema, self.declared().bad)

    def test_a_record_has_its_fields_in_order(self) -> None:
        """Names, order, descriptions and defaults are as declared."""
        found = self._row().fields
        names = [each.name for each in found]
        expect(names == [each.name for each in _ROW], f"The fields are {names}: keep the order of the declaration.")
        expect(found[0].description == "what it is called", "A field lost its description: keep it.")
        optional = [each.name for each in found if not each.required]
        expect(optional == ["price"], f"Optional fields are {optional}: those with a default, and no others.")
        expect(found[4].default == 1.5, f"A default of 1.5 became {found[4].default!r}: keep it, as JSON.")

    def test_choices_are_known(self) -> None:
        """A field of one of a list of texts says which."""
        found = self._row().fields[2]
        expect(found.choices == ("film", "food"), f"`Literal` became {dict(found.schema)}: write it as an `enum`.")

    def test_a_field_alone_is_as_in_a_record(self) -> None:
        """`field` and `record` read a declaration in the same way."""
        alone = [self.subject().field(each).to_json() for each in _ROW]
        inside = [each.to_json() for each in self._row().fields]
        expect(alone == inside, "`field` reads a declaration otherwise than `record` does: let both use one reader.")

    def test_valid_data_survives(self) -> None:
        """Dumping what was validated gives the data back, and it can be validated again."""
        self._check_survives(self._row(), _GOOD)

    def test_values_allow_attribute_access(self) -> None:
        """The value of a record made at run time has its fields as attributes."""
        value = self._row().validate(_GOOD)
        expect(getattr(value, "title", None) == "Harbour", f"{value!r} has no attribute `title`: return an object.")

    def test_an_absent_optional_field_takes_its_default(self) -> None:
        """Defaults are filled in by the schema."""
        row = self._row()
        data = {name: value for name, value in _GOOD.items() if name != "price"}
        dumped = row.dump(row.validate(data))
        expect(dumped.get("price") == 1.5, f"An absent field became {dumped.get('price')!r}: fill in its default.")

    def test_a_missing_field_is_a_problem_at_its_path(self) -> None:
        """What is required and absent is refused by name."""
        data = {name: value for name, value in _GOOD.items() if name != "pages"}
        paths = self._problems(self._row(), data)
        expect(("pages",) in paths, f"A missing `pages` was told at {paths}: give the problem the path ('pages',).")

    def test_every_problem_is_told_with_its_path(self) -> None:
        """One error lists all that is wrong, not the first."""
        data: dict[str, Json] = {**_GOOD, "pages": "many", "kind": "book", "tags": ["a", 3]}
        paths = self._problems(self._row(), data)
        wanted = {("pages",), ("kind",), ("tags", 1)}
        expect(
            wanted <= paths, f"Of {sorted(map(str, wanted))} only {sorted(map(str, paths))} were told: list them all."
        )

    def test_an_unknown_field_is_a_problem(self) -> None:
        """A typing mistake in a name never passes in silence."""
        paths = self._problems(self._row(), {**_GOOD, "titel": "Harbour"})
        expect(("titel",) in paths, f"An unknown field was told at {paths}: give the problem its path ('titel',).")

    def test_junk_is_a_validation_error(self) -> None:
        """Whatever the data, nothing but a `ValidationError` is raised."""
        row, rng = self._row(), Random(0)
        for _ in range(200):
            data = {each.name: _random_json(rng) for each in _ROW if rng.random() < 0.9}
            try:
                row.validate(data)
            except ValidationError:
                continue
            except Exception as error:
                raise AssertionError(
                    f"{data} raised {type(error).__name__}: {error}. Raise a ValidationError."
                ) from error

    def test_the_json_schema_describes_the_fields(self) -> None:
        """The schema for models is an object with the fields as properties."""
        schema = self._row().json_schema()
        expect(schema.get("type") == "object", f"The JSON Schema has type {schema.get('type')!r}: make it 'object'.")
        names, required = list(schema.get("properties", {})), set(schema.get("required", ()))
        expect(names == [each.name for each in _ROW], f"The properties are {names}: one a field, in order.")
        wanted = {each.name for each in self._row().fields if each.required}
        expect(required == wanted, f"`required` is {sorted(required)}, and the fields' is {sorted(wanted)}.")

    def test_schemas_hold_no_references(self) -> None:
        """Many providers read no `$ref`."""
        schemas = [self._row().json_schema(), *(dict(each.schema) for each in self._row().fields)]
        expect("$ref" not in repr(schemas), "A JSON Schema holds `$ref`: write the schema there instead.")

    def test_a_type_that_cannot_be_read_is_a_declaration_error(self) -> None:
        """The error names the field, before any model is asked."""
        try:
            self.subject().record("Row", [FieldDeclaration("strange", self.unreadable)])
        except DeclarationError as error:
            expect("strange" in str(error), f"The error does not name the field `strange`: {error}")
        except Exception as error:
            raise AssertionError(
                f"An unreadable type raised {type(error).__name__}: raise a DeclarationError."
            ) from error
        else:
            raise AssertionError("An unreadable type was accepted: raise a DeclarationError that names the field.")

    def _row(self) -> Schema:
        return self.subject().record("Row", _ROW)

    def _check_survives(self, schema: Schema, data: Mapping[str, Json]) -> None:
        value = schema.validate(data)
        dumped = schema.dump(value)
        expect(dumped == dict(data), f"{dict(data)} came back as {dumped}: keep data as it is.")
        expect(schema.validate(dumped) == value, "A dumped value validates to another one: keep data as it is.")

    def _problems(self, schema: Schema, data: Mapping[str, Json]) -> set[tuple[str | int, ...]]:
        try:
            schema.validate(data)
        except ValidationError as error:
            expect(error.problems, "A ValidationError lists no problems: list each with its path.")
            return {each.path for each in error.problems}
        raise AssertionError(f"{dict(data)} was accepted: raise a ValidationError.")


def _random_json(rng: Random, depth: int = 0) -> Json:
    kinds = [None, rng.random() < 0.5, rng.randint(-5, 5), rng.random(), "text", "food", "", 10**400]
    if depth < 2 and rng.random() < 0.4:
        inner = [_random_json(rng, depth + 1) for _ in range(rng.randint(0, 3))]
        return inner if rng.random() < 0.5 else {f"k{at}": each for at, each in enumerate(inner)}
    return rng.choice(kinds)
