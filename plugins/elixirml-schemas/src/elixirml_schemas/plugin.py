"""Hooks of elixirml-schemas. Imports nothing but the kernel's marks: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_schemas"]


@hookimpl
def register_schemas() -> list[Contribution]:
    """Offer the engine for Python's own ways of writing a record down."""
    return [
        Contribution(
            "python",
            "elixirml_schemas.engine:PythonSchemas",
            "attrs classes, dataclasses, TypedDict, NamedTuple and records made at run time",
            options={"default": True},
        )
    ]
