"""The engine: pydantic models read into schemas, data into instances and back."""

import datetime as dt
import json
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Generic, Literal, TypeVar

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, RootModel, computed_field, field_validator

import elixirml as ml
from elixirml.contracts import NO_DEFAULT, FieldDeclaration
from elixirml.errors import DeclarationError, ValidationError
from elixirml_pydantic.engine import PydanticSchemas

ENGINE = PydanticSchemas()
T = TypeVar("T")


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


class Author(BaseModel):
    name: str = Field(min_length=2, alias="full_name", description="first and last")
    born: dt.date | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    good: bool = True


class Article(BaseModel):
    """An article.

    Strict, so that nothing but JSON's own conversions is made.
    """

    model_config = ConfigDict(strict=True, extra="forbid")

    author: Author
    others: list[Author] = Field(default_factory=list[Author], description="who helped")
    mood: Mood
    score: float = Field(default=0.5, ge=0, le=1)
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] | None = None
    counts: dict[str, int] = Field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    pair: tuple[int, str] = (1, "one")
    at: dt.datetime | None = None
    price: Decimal = Decimal(0)
    value: int | str = 0

    @field_validator("tags")
    @classmethod
    def _few(cls, tags: frozenset[str]) -> frozenset[str]:
        if len(tags) > 3:
            raise ValueError("three tags are enough")
        return tags

    @computed_field
    def initials(self) -> str:
        """Return what can be worked out from the rest."""
        return self.author.name[:1]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=2, max_size=8)
AUTHORS = st.builds(Author, full_name=TEXTS, born=st.none() | st.dates())
ARTICLES = st.builds(
    Article,
    author=AUTHORS,
    others=st.lists(AUTHORS, max_size=2),
    mood=st.sampled_from(Mood),
    score=st.floats(0, 1),
    pet=st.none()
    | st.builds(Cat, kind=st.just("cat"), lives=st.integers(1, 9))
    | st.builds(Dog, kind=st.just("dog"), good=st.booleans()),
    counts=st.dictionaries(TEXTS, st.integers(-(2**63), 2**63), max_size=2),
    tags=st.frozensets(TEXTS, max_size=3),
    pair=st.tuples(st.integers(), TEXTS),
    at=st.none() | st.datetimes(),
    price=st.decimals(allow_nan=False, allow_infinity=False, places=2),
    value=st.integers() | TEXTS,
)
GOOD: dict[str, Any] = {"author": {"name": "Ada"}, "mood": "good"}


@given(article=ARTICLES)
@settings(max_examples=60, deadline=None)
def test_what_is_dumped_is_read_back(article: Article) -> None:
    """`validate(dump(value)) == value`, and what is dumped is JSON."""
    schema = ENGINE.schema(Article)
    dumped = schema.dump(article)

    assert schema.validate(dumped) == article
    assert schema.validate(json.loads(json.dumps(dumped))) == article
    assert set(dumped) == set(Article.model_fields)


def test_instances_are_checked_and_pass() -> None:
    """An instance is as good as its data; one that was tampered with is refused."""
    schema = ENGINE.schema(Article)
    article = schema.validate(GOOD)

    assert isinstance(article, Article)
    assert schema.validate(article) == article
    with pytest.raises(ValidationError):
        schema.validate(article.model_copy(update={"score": "high"}))
    with pytest.raises(ValidationError, match="no Article"):
        schema.dump({"author": "Ada"})


def test_typed_values_are_taken_where_data_is_expected() -> None:
    """Data may already hold dates, members and models."""
    found = ENGINE.schema(Article).validate({"author": Author(full_name="Ada"), "mood": Mood.BAD})

    assert found.mood is Mood.BAD
    assert found.author.name == "Ada"


def test_every_problem_is_told_with_its_path_and_code() -> None:
    """Paths lead into the data; members of unions and validators are no steps of it."""
    bad = {
        "author": {"name": "A", "born": 3.5},
        "others": [{"name": "Bo"}, {}],
        "mood": "so so",
        "score": 1.5,
        "pet": {"kind": "cat", "lives": 12},
        "counts": {"one": "1"},
        "tags": ["a", "b", "c", "d"],
        "pair": [1],
        "value": {},
        "title": "?",
    }
    with pytest.raises(ValidationError) as caught:
        ENGINE.schema(Article).validate(bad)

    assert {(problem.path, problem.code) for problem in caught.value.problems} == {
        (("author", "name"), "length"),
        (("author", "born"), "invalid"),
        (("others", 1, "name"), "missing"),
        (("mood",), "choice"),
        (("score",), "range"),
        (("pet", "lives"), "range"),
        (("counts", "one"), "type"),
        (("tags",), "invalid"),
        (("pair", 1), "missing"),
        (("value",), "type"),
        (("title",), "unknown"),
    }
    assert "three tags are enough" in str(caught.value)


def test_data_that_is_no_object_is_refused() -> None:
    """A reply that is a list or a text is a problem of the whole."""
    for data in ([], "text", None, 3):
        with pytest.raises(ValidationError) as caught:
            ENGINE.schema(Author).validate(data)
        assert [(problem.path, problem.code) for problem in caught.value.problems] == [((), "type")]


def test_fields_are_declared_as_in_the_model() -> None:
    """Names, types, defaults and descriptions are the model's; a required field has no default."""
    fields = {each.name: each for each in ENGINE.schema(Article).fields}

    assert list(fields) == list(Article.model_fields)
    assert [name for name, each in fields.items() if each.required] == ["author", "mood"]
    assert (fields["score"].default, fields["score"].annotation) == (0.5, float)
    assert fields["score"].schema == {"type": "number", "minimum": 0, "maximum": 1}
    assert fields["others"].description == "who helped"
    assert fields["counts"].default == {}
    assert fields["mood"].choices == ("good", "bad")
    assert fields["pair"].default == [1, "one"]


def test_the_schema_has_no_references() -> None:
    """Definitions are written out where they are used, and generated titles are left out."""
    written = json.dumps(ENGINE.schema(Article).json_schema())

    assert "$ref" not in written
    assert "$defs" not in written
    assert '"title"' not in written
    assert "first and last" in written


def test_a_property_may_be_named_as_a_keyword() -> None:
    """Names of the user's are left alone, whatever they mean elsewhere."""

    class Odd(BaseModel):
        title: str
        default: Author
        const: Literal["a"] = "a"

    schema = ENGINE.schema(Odd).json_schema()

    assert list(schema["properties"]) == ["title", "default", "const"]
    assert schema["properties"]["default"]["properties"]["name"]["type"] == "string"
    assert schema["properties"]["const"]["enum"] == ["a"]


def test_a_caller_cannot_change_the_schema() -> None:
    """Each call gives its own copy."""
    schema = ENGINE.schema(Author)
    schema.json_schema()["properties"].clear()

    assert list(schema.json_schema()["properties"]) == ["name", "born"]


def test_names_are_used_and_aliases_are_not() -> None:
    """The kernel knows fields by their names alone."""

    class Aliased(BaseModel):
        one: int = Field(validation_alias=AliasChoices("uno", "two"), serialization_alias="eins")
        two: int = Field(alias="one")

    schema = ENGINE.schema(Aliased)
    value = schema.validate({"one": 1, "two": 2})

    assert schema.dump(value) == {"one": 1, "two": 2}
    with pytest.raises(ValidationError) as caught:
        schema.validate({"one": 1})
    assert [problem.path for problem in caught.value.problems] == [("two",)]


def test_only_models_with_fields_are_supported() -> None:
    """Everything else is left to the other engines."""

    @attrs.frozen
    class Record:
        name: str

    class Boxed(BaseModel, Generic[T]):
        inside: T

    class Root(RootModel[list[int]]):
        pass

    assert all(ENGINE.supports(each) for each in (Author, Boxed, Boxed[int]))
    assert not any(ENGINE.supports(each) for each in (Record, Root, BaseModel, int, list[int], Author | None, "Author"))
    assert ENGINE.schema(Boxed[int]).validate({"inside": 3}).inside == 3
    with pytest.raises(DeclarationError, match=r"subclass of pydantic\.BaseModel"):
        ENGINE.schema(Record)


class Tree(BaseModel):
    children: "list[Tree]"


class Lost(BaseModel):
    other: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


class Secretive(BaseModel):
    secret: str = Field("", exclude=True)


class Marked(BaseModel):
    share: Annotated[float, ml.Range(0, 1)]


class Opaque:
    """Nothing JSON knows of."""


class Callback(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    stream: Opaque


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (Tree, "holds itself"),
        (Lost, "names `Nowhere`"),
        (Secretive, r"`Secretive\.secret` is excluded"),
        (Marked, r"`Marked\.share` is marked with Range"),
        (Callback, r"`Callback\.stream`: its type has no JSON Schema"),
    ],
)
def test_what_cannot_come_back_is_refused_where_it_is_declared(model: Any, words: str) -> None:
    """Each mistake names the field and what to write instead."""
    with pytest.raises(DeclarationError, match=words) as caught:
        ENGINE.schema(model)

    assert caught.value.hint


def test_records_are_made_at_run_time() -> None:
    """Where no other engine is installed, programs without classes work too, as strictly."""
    schema = ENGINE.record(
        "Answer",
        [
            FieldDeclaration("answer", Annotated[str, ml.Length(1, 5)], "one word"),
            FieldDeclaration("confidence", Annotated[float, ml.Range(0, 1), "how sure"], default=1.0),
            FieldDeclaration("json", list[str], default=[]),
        ],
    )
    value = schema.validate({"answer": "Paris", "confidence": 1})

    assert (value.answer, value.confidence, value.json) == ("Paris", 1.0, [])
    assert schema.validate(schema.dump(value)) == value
    assert [each.description for each in schema.fields] == ["one word", "how sure", ""]
    with pytest.raises(ValidationError) as caught:
        schema.validate({"answer": "too long", "confidence": "1", "more": 0})
    assert {problem.code for problem in caught.value.problems} == {"length", "type", "unknown"}


def test_one_field_is_read_without_a_record() -> None:
    """A field of its own has the type, the default and the words it was declared with."""
    field = ENGINE.field(FieldDeclaration("label", Literal["a", "b"], "which", "a"))

    assert (field.choices, field.required, field.default, field.description) == (("a", "b"), False, "a", "which")
    assert ENGINE.field(FieldDeclaration("label", str, default=NO_DEFAULT)).required


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([FieldDeclaration("class")], "field-name"),
        ([FieldDeclaration("_own")], "field-name"),
        ([FieldDeclaration("one"), FieldDeclaration("one")], "field-twice"),
        ([FieldDeclaration("one", int, default="1.5")], "default"),
        ([FieldDeclaration("one", object())], "type-unsupported"),
        ([FieldDeclaration("model_fields", int)], "field-name"),
    ],
)
def test_a_wrong_record_is_refused(fields: list[FieldDeclaration], code: str) -> None:
    """Names, types and defaults are checked before anything is run."""
    with pytest.raises(DeclarationError) as caught:
        ENGINE.record("Answer", fields)

    assert caught.value.code == code
