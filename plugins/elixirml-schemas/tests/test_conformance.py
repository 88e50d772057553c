"""The engine keeps what the kernel's suites ask of every engine, and the hook module what they ask of every plugin."""

from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

from attrs import frozen

from elixirml.contracts import SchemaEngine
from elixirml.identity import Json
from elixirml.testing.conformance import Declared, PluginConformance, SchemaEngineConformance
from elixirml_schemas import PythonSchemas

GOOD: dict[str, Json] = {"title": "Harbour", "pages": 3}
BAD: dict[str, Json] = {"title": 3, "pages": "many"}


@frozen
class Attrs:
    """A book as an attrs class."""

    title: str
    pages: int = 1


@dataclass(frozen=True)
class Data:
    """A book as a dataclass."""

    title: str
    pages: int = field(default=1)


class Typed(TypedDict):
    """A book as a typed dictionary."""

    title: str
    pages: int


class Named(NamedTuple):
    """A book as a named tuple."""

    title: str
    pages: int = 1


class TestAttrsClasses(SchemaEngineConformance):
    """Records declared as attrs classes."""

    def subject(self) -> SchemaEngine:
        return PythonSchemas()

    def declared(self) -> Declared:
        return Declared(Attrs, GOOD, BAD)


class TestDataclasses(TestAttrsClasses):
    """Records declared as dataclasses."""

    def declared(self) -> Declared:
        return Declared(Data, GOOD, BAD)


class TestTypedDictionaries(TestAttrsClasses):
    """Records declared as typed dictionaries."""

    def declared(self) -> Declared:
        return Declared(Typed, GOOD, BAD)


class TestNamedTuples(TestAttrsClasses):
    """Records declared as named tuples."""

    def declared(self) -> Declared:
        return Declared(Named, GOOD, BAD)


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_schemas.plugin"
