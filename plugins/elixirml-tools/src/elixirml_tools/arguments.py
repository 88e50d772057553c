"""The arguments of a call, checked against a tool's parameters and converted where nothing is lost or guessed."""

import copy
from collections.abc import Mapping
from typing import Any

from elixirml_tools.fitting import fit, fitted_more
from elixirml_tools.given import ArgumentsError, given_arguments
from elixirml_tools.schemas import more_of
from elixirml_tools.unknown import refuse_unknown

__all__ = ["checked"]


def checked(parameters: Mapping[str, Any], arguments: Any) -> dict[str, Any]:
    """Return the arguments a tool is called with: defaults filled in, records as plain objects.

    Args:
        parameters: The tool's JSON Schema of type object.
        arguments: By name, or JSON text; a blank text means none.

    Raises:
        ArgumentsError: The first thing that is wrong: parameters in order, then names that are not known.

    Example:
        >>> checked({"properties": {"n": {"type": "integer"}}, "required": ["n"]}, '{"n": "4"}')
        {'n': 4}
    """
    given = given_arguments(arguments)
    properties: Mapping[str, Any] = parameters.get("properties", {})
    found: dict[str, Any] = {}
    for name, schema in properties.items():
        if name in given:
            refuse_unknown(given[name], schema, (name,))
            found[name] = fit(given[name], schema, (name,))
        elif name in parameters.get("required", ()):
            raise ArgumentsError("missing_argument", (name,), f"`{name}` must be given.")
        elif "default" in schema:
            found[name] = copy.deepcopy(schema["default"])
    for name, value in given.items():
        if name not in properties:
            refuse_unknown(value, more_of(parameters) or {}, (name,))
            found[name] = fitted_more(name, value, parameters, ())
    return found
