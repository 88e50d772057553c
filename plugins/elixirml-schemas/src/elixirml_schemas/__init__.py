"""Schemas of Python's own record types: attrs classes, dataclasses, typed dictionaries, named tuples, run-time records.

The engine reads a class once into a tree of shapes (`elixirml_schemas.shape`), one shape a type. A shape checks data,
turns it into typed values and back, and writes its JSON Schema; everything it refuses is reported with its path.
"""

__all__: list[str] = []
