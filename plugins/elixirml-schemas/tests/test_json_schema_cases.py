"""The validator on a table of cases."""

import json
from pathlib import Path
from typing import Any

import pytest

from elixirml_schemas import PythonSchemas

CASES = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests" / "cases" / "schema_validation.jsonl")
    .read_text("utf-8")
    .splitlines()
]


def counted(errors: list[dict[str, Any]]) -> list[str]:
    """Return errors as sorted texts, so that their order does not matter and repeats do."""
    return sorted(json.dumps([each["code"], each["path"]]) for each in errors)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_row_of_the_table(case: dict[str, Any]) -> None:
    """Every row comes out as the table says: the value, or every error once."""
    given, expected = case["input"], case["expected"]

    found = PythonSchemas().judge(given["schema"], given["value"], **given.get("options", {})).to_json()

    assert found["ok"] == expected["ok"]
    assert counted(found.get("errors", [])) == counted(expected.get("errors", []))  # type: ignore[arg-type]
    if "value" in expected:
        assert found["value"] == expected["value"]
