"""Hooks of elixirml-pydantic. Imports nothing but the kernel's markers: pydantic is loaded by those who use it."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_schemas"]


@hookimpl
def register_schemas() -> list[Contribution]:
    """Offer the engine that reads pydantic models.

    Engines are asked in the order of their names, and the first one makes the records of programs without classes. The
    name stands behind `python`, so that nothing changes for programs without pydantic models.
    """
    return [
        Contribution(
            "python_pydantic",
            "elixirml_pydantic.engine:PydanticSchemas",
            "pydantic models, with all that pydantic knows of constraints and validators",
        ),
    ]
