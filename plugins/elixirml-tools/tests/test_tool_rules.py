"""The rules of how functions become tools and how arguments are read, row by row."""

import dataclasses
import enum
import json
import typing
from pathlib import Path
from typing import Any

import pytest

from elixirml.errors import DeclarationError
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError
from elixirml_tools.signatures import describe

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/tool_schema.jsonl").read_text(encoding="utf-8").splitlines()
]


def last_function(source: str) -> Any:
    """Return the last top-level function of a source that may use what tools are usually declared with."""
    names: dict[str, Any] = {name: getattr(typing, name) for name in typing.__all__}
    names.update(dataclass=dataclasses.dataclass, field=dataclasses.field, Enum=enum.Enum, __name__="tools_of_a_row")
    exec(source, names)  # noqa: S102 - the rows are ours
    return next(each for each in reversed(names.values()) if type(each) is type(last_function))


def outcome(row: dict[str, Any]) -> dict[str, Any]:
    """Return what becomes of a row, in the table's own words."""
    try:
        described = describe(last_function(row["input"]["source"]))
        if row["group"].startswith("schema"):
            return {
                "name": described.name,
                "description": described.description,
                "parameters": described.parameters,
            }
        return {"call": checked(described.parameters, row["input"]["arguments"])}
    except DeclarationError as error:
        return {"error": error.code.replace("-", "_")}
    except ArgumentsError as error:
        return {"error": error.code, **({"path": list(error.path)} if error.path else {})}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_of_the_table(row: dict[str, Any]) -> None:
    """Each row says what a function looks like to a model, or what it is called with."""
    assert outcome(row) == row["expected"]
