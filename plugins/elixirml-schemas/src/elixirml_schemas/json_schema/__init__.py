"""A validator for JSON Schema, draft 2020-12, as far as models and tools write it.

    from elixirml_schemas.json_schema import validate

    outcome = validate({"type": "integer", "minimum": 1}, "0", coerce=True)
    outcome.errors  # (Problem(path=(), code='minimum', message=...),)

Nothing is fetched, no input exhausts the stack, and the time is linear in the sizes of schema and value: what a schema
says of a place is decided once, however many ways lead there. Formats are asserted: date, date-time, uuid, email, ipv4,
ipv6, uri; others are notes. `$dynamicRef` is read as `$ref`.
"""

from elixirml_schemas.json_schema.outcome import Outcome
from elixirml_schemas.json_schema.validator import Validator, validate

__all__ = ["Outcome", "Validator", "validate"]
