"""What the compiler may ask of a kernel: schemas, adapters, predictors and models, by name."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from elixirml.contracts.adapter import Adapter
from elixirml.contracts.predictor import Predictor
from elixirml.contracts.schema import Field, FieldDeclaration, Schema
from elixirml.contracts.tool import Tool

__all__ = ["Capabilities"]


class Capabilities(Protocol):
    """The installed capabilities as a program sees them."""

    def schema(self, declared: Any) -> Schema:
        """Return the schema of a declared record type.

        Raises:
            DeclarationError: No installed engine reads the type.
        """
        ...

    def field(self, declaration: FieldDeclaration) -> Field:
        """Return one field, without a record around it."""
        ...

    def record(self, name: str, fields: Sequence[FieldDeclaration]) -> Schema:
        """Return the schema of a record made at run time."""
        ...

    def names(self, kind: str) -> tuple[str, ...]:
        """Return the installed names of a kind: `adapters`, `predictors`, `language_models`, ..."""
        ...

    def adapter(self, name: str) -> Adapter:
        """Return an adapter.

        Raises:
            PluginError: It is not installed or cannot be used.
        """
        ...

    def predictor(self, name: str) -> Predictor:
        """Return a predictor.

        Raises:
            PluginError: It is not installed or cannot be used.
        """
        ...

    def tool(self, name: str) -> Tool:
        """Return a tool.

        Raises:
            PluginError: It is not installed or cannot be used.
        """
        ...

    def dump(self, value: Any) -> Any:
        """Return a record as plain data, as the engine of its class writes it; its text when no engine knows it."""
        ...

    def models(self) -> tuple[str, ...]:
        """Return the models that can be used at once, as `provider/model`; the first is the default."""
        ...

    def requires(self, used: Mapping[str, Sequence[str]]) -> dict[str, str]:
        """Return the distributions, with versions, that offer the names used of each kind."""
        ...
