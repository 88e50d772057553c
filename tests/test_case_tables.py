"""The case tables pass through `elixirml check KIND NAME --cases FILE`, the command that authors of plugins use."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from elixirml.cli.app import elixirml

TABLES = Path(__file__).parent / "cases"

CHECKED = [
    ("adapter", "json", "parse_json", 190),
    ("adapter", "sections", "parse_sections", 55),
    ("adapter", "xml", "parse_xml", 52),
    ("adapter", "json", "stream_chunks", 10),
    ("adapter", "sections", "stream_chunks", 19),
    ("adapter", "xml", "stream_chunks", 6),
    ("schema", "python", "schema_validation", 149),
    ("metric", "exact_match", "metrics", 4),
    ("metric", "squad_em", "metrics", 12),
    ("metric", "squad_f1", "metrics", 14),
    ("metric", "numeric_match", "metrics", 12),
    ("metric", "set_f1", "metrics", 2),
    ("metric", "list_f1", "metrics", 5),
    ("metric", "rouge1", "metrics", 6),
    ("metric", "rouge2", "metrics", 4),
    ("metric", "rouge_l", "metrics", 6),
    ("tool", "fetch", "urls", 74),
    ("tool", "python", "tool_schema", 57),
    # Further rows of the same rules.
    ("adapter", "json", "more/parse_json", 68),
    ("adapter", "sections", "more/parse_sections", 29),
    ("adapter", "xml", "more/parse_xml", 25),
    ("adapter", "json", "more/stream_chunks", 18),
    ("adapter", "sections", "more/stream_chunks", 18),
    ("adapter", "xml", "more/stream_chunks", 12),
    ("schema", "python", "more/schema_validation", 39),
    ("metric", "squad_em", "more/metrics", 7),
    ("metric", "squad_f1", "more/metrics", 7),
    ("metric", "numeric_match", "more/metrics", 14),
    ("metric", "list_f1", "more/metrics", 2),
    ("metric", "rouge1", "more/metrics", 1),
    ("metric", "rouge2", "more/metrics", 1),
    ("metric", "rouge_l", "more/metrics", 1),
    ("tool", "python", "more/tool_schema", 27),
]


def checked(kind: str, name: str, table: Path, folder: Path) -> Any:
    done = CliRunner().invoke(
        elixirml, ["check", kind, name, "--cases", str(table), "--json", "--home", str(folder)], standalone_mode=False
    )
    return done.return_value, json.loads(done.stdout)


@pytest.mark.parametrize(("kind", "name", "table", "passed"), CHECKED)
def test_a_table_passes(kind: str, name: str, table: str, passed: int, tmp_path: Path) -> None:
    """No row fails, and no fewer are tried than there are of this capability."""
    _, said = checked(kind, name, TABLES / f"{table}.jsonl", tmp_path)
    assert said["failed"] == []
    assert said["counts"]["passed"] == passed


@pytest.mark.parametrize(("kind", "name", "table", "passed"), CHECKED)
def test_a_row_that_expects_something_else_fails(kind: str, name: str, table: str, passed: int, tmp_path: Path) -> None:
    """Each table with every expectation turned into another fails as often as it passed: the check can fail."""
    rows = [json.loads(line) for line in (TABLES / f"{table}.jsonl").read_text("utf-8").splitlines()]
    turned = tmp_path / "turned.jsonl"
    turned.write_text(
        "".join(json.dumps({**each, "expected": other(each["expected"])}) + "\n" for each in rows), "utf-8"
    )

    _, said = checked(kind, name, turned, tmp_path)

    assert (said["counts"]["failed"], said["counts"]["passed"]) == (passed, 0)


def other(expected: dict[str, Any]) -> dict[str, Any]:
    """An expectation that nothing meets."""
    if "value" in expected and len(expected) == 1:
        return {"value": -1.0 if isinstance(expected["value"], (int, float)) else {"f1": -1.0}}
    return {**expected, "ok": "nothing is like this", "error": "none", **({"last": []} if "fields" in expected else {})}
