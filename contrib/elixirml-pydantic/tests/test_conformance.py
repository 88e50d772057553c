"""The engine keeps what the kernel's suites ask of every engine, and the hook module what they ask of every plugin."""

from pydantic import BaseModel

from elixirml.contracts import SchemaEngine
from elixirml.testing.conformance import Declared, PluginConformance, SchemaEngineConformance
from elixirml_pydantic.engine import PydanticSchemas


class Book(BaseModel):
    """A book."""

    title: str
    pages: int = 1


class TestPydanticModels(SchemaEngineConformance):
    """Records declared as pydantic models."""

    def subject(self) -> SchemaEngine:
        return PydanticSchemas()

    def declared(self) -> Declared:
        return Declared(Book, {"title": "Harbour", "pages": 3}, {"title": 3, "pages": "many"})


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_pydantic.plugin"
