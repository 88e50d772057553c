"""The rules of how functions become tools and how arguments are read, row by row."""

import json
from pathlib import Path
from typing import Any

import pytest

from elixirml_tools.cases import judged

ROWS = [
    json.loads(line)
    for line in (Path(__file__).parents[3] / "tests/cases/tool_schema.jsonl").read_text(encoding="utf-8").splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_row_of_the_table(row: dict[str, Any]) -> None:
    """Each row says what a function looks like to a model, or what it is called with."""
    assert judged("python", row["input"]) == row["expected"]
