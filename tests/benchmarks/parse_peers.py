"""How many replies of the case tables are read as they should be, here and by DSPy's adapters, side by side.

    python tests/benchmarks/parse_peers.py

Needs DSPy (https://dspy.ai) beside this project's packages, best in an environment of its own:

    python -m venv peers && peers/bin/pip install dspy && peers/bin/pip install -e kernel -e plugins/elixirml-adapters

A row counts as read when the value is the expected one, or, where the table expects a refusal, when the reply is
refused, whatever the reason given. Rows whose schema has no counterpart in Python types, and sections with markers
other than DSPy's own, are left out for both. The tables hold the rules of this project, and DSPy was made for others:
it repairs what is cut off, for one, and takes the first of several answers. So the numbers say how far the rules agree,
and what a program that relies on these rules would meet.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import GenericAlias
from typing import Any, Final, Literal, cast

from elixirml_adapters.parsing import ParseFailure, parse_json_reply, parse_sections_reply, parse_xml_reply
from elixirml_adapters.parsing.values import same

CASES: Final = Path(__file__).parents[1] / "cases"
MARKER: Final = {"template": "[[ ## {name} ## ]]", "end": "completed"}
SCALARS: Final = {"string": str, "integer": int, "number": float, "boolean": bool, "null": None}


class Untold(Exception):
    """A schema has no counterpart in Python types."""


def annotation_of(schema: Mapping[str, Any]) -> Any:
    """Return the Python type of a schema."""
    if "const" in schema or "enum" in schema:
        return Literal[tuple(schema.get("enum", [schema.get("const")]))]
    kinds: Any = schema.get("type", ())
    listed = cast("list[str]", kinds) if isinstance(kinds, list) else []
    several: Sequence[Any] = schema.get("anyOf") or [{**schema, "type": each} for each in listed]
    if several:
        union: Any = annotation_of(several[0])
        for each in several[1:]:
            union = union | annotation_of(each)
        return union
    if kinds in SCALARS:
        return SCALARS[kinds]
    if kinds == "array":
        return GenericAlias(list, (annotation_of(schema.get("items", {})),))
    return record_of(schema) if kinds == "object" else Any


def record_of(schema: Mapping[str, Any]) -> Any:
    """Return the Python type of an object's schema."""
    properties = schema.get("properties")
    if properties is None:
        return GenericAlias(dict, (str, annotation_of(schema.get("additionalProperties") or {})))
    required = schema.get("required", ())
    fields = {name: (annotation_of(each), ... if name in required else None) for name, each in properties.items()}
    return import_module("pydantic").create_model("Record", **fields)


def signature_of(schema: Mapping[str, Any]) -> Any:
    """Return DSPy's signature of a reply."""
    dspy: Any = import_module("dspy")
    properties: Mapping[str, Any] = schema.get("properties", {})
    if not properties or not all(name.isidentifier() for name in properties):
        raise Untold
    fields: dict[str, Any] = {"question": (str, dspy.InputField())}
    required = schema.get("required", ())
    for name, each in properties.items():
        given = {} if name in required else {"default": each.get("default")}
        fields[name] = (annotation_of(each), dspy.OutputField(**given))
    try:
        return dspy.Signature(fields, "Answer.")
    except (TypeError, ValueError) as error:
        raise Untold from error


def peer_outcome(adapter: Any, schema: Mapping[str, Any], reply: str) -> Any:
    """Return what a DSPy adapter reads, as plain data, or None where it refuses."""
    signature = signature_of(schema)
    try:
        found = adapter.parse(signature, reply)
    except Exception:  # noqa: BLE001 - whatever a peer raises, it has refused
        return None
    plain = import_module("pydantic").TypeAdapter(Any).dump_python(found, mode="json")
    required = schema.get("required", ())
    absent = [name for name, each in schema["properties"].items() if name not in required and "default" not in each]
    return {name: value for name, value in plain.items() if not (name in absent and value is None)}


def own_outcome(parse: Callable[..., Any], schema: Mapping[str, Any], reply: str, options: Mapping[str, Any]) -> Any:
    """Return what is read here, or None where it is refused."""
    try:
        return parse(reply, schema, **options)
    except ParseFailure:
        return None


def compare(table: str, parse: Callable[..., Any], adapter: Any) -> Counter[str]:
    """Return how many rows of a table each reads as expected."""
    counts: Counter[str] = Counter()
    for line in (CASES / f"{table}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        given, expected = row["input"], row["expected"].get("ok")
        reply = given.get("reply")
        if reply is None or given.get("marker", MARKER) != MARKER:
            continue
        try:
            peer = peer_outcome(adapter, given["schema"], reply)
        except Untold:
            continue
        own = own_outcome(parse, given["schema"], reply, given.get("marker", {}))
        sort = "values" if "ok" in row["expected"] else "refusals"
        counts.update({sort: 1, f"own {sort}": same(own, expected), f"peer {sort}": same(peer, expected)})
    return counts


def main() -> None:
    """Compare and print."""
    if find_spec("dspy") is None:
        print("Skipped: DSPy is not installed here. See the head of this file.")
        return
    dspy: Any = import_module("dspy")
    pairs = (
        ("parse_json", parse_json_reply, dspy.JSONAdapter()),
        ("parse_sections", parse_sections_reply, dspy.ChatAdapter()),
        ("parse_xml", parse_xml_reply, dspy.XMLAdapter()),
    )
    print(f"{'rows read as expected':32}{'here':>12}{'DSPy ' + dspy.__version__:>16}")
    for table, parse, adapter in pairs:
        counts = compare(table, parse, adapter)
        for sort in ("values", "refusals"):
            of = counts[sort]
            here, there = (f"{counts[f'{who} {sort}']}/{of}" for who in ("own", "peer"))
            print(f"{f'{table}, {sort}':32}{here:>12}{there:>16}")


if __name__ == "__main__":
    main()
