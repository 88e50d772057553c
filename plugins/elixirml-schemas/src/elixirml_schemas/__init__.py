"""Schemas of Python's own record types: attrs classes, dataclasses, typed dictionaries, named tuples, run-time records.

    from elixirml_schemas import SchemaField, schema

    Verdict = schema("Verdict", [SchemaField("label"), SchemaField("score", float, default=1.0)])
    Verdict.validate({"label": "good"})  # Verdict(label='good', score=1.0)

The engine reads a class once into a tree of shapes (`elixirml_schemas.shape`), one shape a type. A shape checks data,
turns it into typed values and back, and writes its JSON Schema; everything it refuses is reported with its path.
`elixirml_schemas.json_schema` judges plain data by JSON Schemas of any origin.

Names are imported when they are first used, so that listing the plugin stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml_schemas.batches import Batch, Checked
    from elixirml_schemas.constraints import Above, Below, MultipleOf, Satisfies, Unique
    from elixirml_schemas.dialects import compact_text, provider_strict
    from elixirml_schemas.engine import PythonSchemas
    from elixirml_schemas.fields import SchemaField
    from elixirml_schemas.inference import infer
    from elixirml_schemas.making import extend, merge, omit, pick, schema
    from elixirml_schemas.record_schema import RecordSchema

_HOMES: Final = {
    "Above": "constraints",
    "Batch": "batches",
    "Below": "constraints",
    "Checked": "batches",
    "MultipleOf": "constraints",
    "PythonSchemas": "engine",
    "RecordSchema": "record_schema",
    "Satisfies": "constraints",
    "SchemaField": "fields",
    "Unique": "constraints",
    "compact_text": "dialects",
    "extend": "making",
    "infer": "inference",
    "merge": "making",
    "omit": "making",
    "pick": "making",
    "provider_strict": "dialects",
    "schema": "making",
}

__all__ = [
    "Above",
    "Batch",
    "Below",
    "Checked",
    "MultipleOf",
    "PythonSchemas",
    "RecordSchema",
    "Satisfies",
    "SchemaField",
    "Unique",
    "compact_text",
    "extend",
    "infer",
    "merge",
    "omit",
    "pick",
    "provider_strict",
    "schema",
]


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return list(__all__)
