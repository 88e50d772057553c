"""The case tables of the three reply formats."""

import json
from pathlib import Path
from typing import Any

import pytest

from elixirml_adapters.parsing import ParseFailure, parse_json_reply, parse_sections_reply, parse_xml_reply
from elixirml_adapters.parsing.values import same

CASES = Path(__file__).parents[4] / "tests" / "cases"


def rows(table: str) -> list[Any]:
    lines = (CASES / f"{table}.jsonl").read_text(encoding="utf-8").splitlines()
    return [pytest.param(row, id=row["id"]) for row in map(json.loads, lines)]


def outcome(parser: Any, row: dict[str, Any], **options: Any) -> dict[str, Any]:
    given = row["input"]
    parts = given.get("reply_parts")
    reply = given["reply"] if parts is None else "".join(text * times for text, times in parts)
    try:
        return {"ok": parser(reply, given["schema"], **options)}
    except ParseFailure as failure:
        return {"error": failure.code} | ({"path": list(failure.path)} if failure.path else {})


@pytest.mark.parametrize("row", rows("parse_json"))
def test_json_replies_are_read_by_the_table(row: dict[str, Any]) -> None:
    """Every row of the JSON table gives its value, or its code and path."""
    assert same(outcome(parse_json_reply, row), row["expected"]), row["why"]


@pytest.mark.parametrize("row", rows("parse_sections"))
def test_sections_replies_are_read_by_the_table(row: dict[str, Any]) -> None:
    """Every row of the sections table gives its value, or its code and path."""
    marker = row["input"]["marker"]
    result = outcome(parse_sections_reply, row, template=marker["template"], end=marker["end"])
    assert same(result, row["expected"]), row["why"]


@pytest.mark.parametrize("row", rows("parse_xml"))
def test_xml_replies_are_read_by_the_table(row: dict[str, Any]) -> None:
    """Every row of the XML table gives its value, or its code and path."""
    assert same(outcome(parse_xml_reply, row), row["expected"]), row["why"]
