"""What this plugin makes of rows of case tables: plain data judged by a JSON Schema."""

from collections.abc import Mapping
from typing import Any

__all__ = ["judged"]


def judged(name: str, asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return whether a value fits its schema, the value, and every error; see `elixirml_schemas.json_schema`."""
    from elixirml_schemas.json_schema import validate

    _ = name
    if not {"schema", "value"} <= asked.keys():
        return None
    found = validate(asked["schema"], asked["value"], **asked.get("options", {})).to_json()
    return {"errors": [], **found}
