"""How long validation takes: a record of ten fields, from plain data to a typed value.

    python tests/benchmarks/validation.py

Needs elixirml-schemas. Where they can be imported, pydantic (a strict model), msgspec (`convert`, strict) and cattrs (a
converter with its generated hooks, which checks much less) read the same data into records of the same fields.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Literal

import attrs

from elixirml_schemas import PythonSchemas
from elixirml_schemas.json_schema import Validator

TIMES: Final = 20_000
FIELDS: Final[dict[str, Any]] = {
    "title": str,
    "body": str,
    "page": int,
    "lines": int,
    "score": float,
    "weight": float,
    "final": bool,
    "tags": list[str],
    "label": Literal["good", "bad"],
    "note": str | None,
}
DATA: Final[dict[str, Any]] = {
    "title": "A record",
    "body": "of ten fields",
    "page": 3,
    "lines": 120,
    "score": 0.5,
    "weight": 2.0,
    "final": True,
    "tags": ["short", "plain"],
    "label": "good",
    "note": None,
}
BROKEN: Final[dict[str, Any]] = DATA | {"page": "three", "label": "great"}


def timed(call: Callable[[Any], Any], data: Any) -> float:
    """Return the median of the microseconds of a call, over many short runs."""
    runs: list[float] = []
    for _ in range(TIMES // 200):
        begun = time.perf_counter_ns()
        for _ in range(200):
            call(data)
        runs.append((time.perf_counter_ns() - begun) / 200_000)
    return statistics.median(runs)


def ours() -> dict[str, Callable[[Any], Any]]:
    """Return what reads the data here: an attrs class, and a JSON Schema, which makes no typed value."""
    record = attrs.make_class("Record", {name: attrs.field(type=each) for name, each in FIELDS.items()}, frozen=True)
    schema = PythonSchemas().schema(record)
    return {"elixirml-schemas, attrs class": schema.check, "elixirml-schemas, JSON Schema": judge(schema.json_schema())}


def judge(schema: dict[str, Any]) -> Callable[[Any], Any]:
    """Return what judges data by a JSON Schema."""
    return Validator(schema).validate


def theirs() -> dict[str, Callable[[Any], Any]]:
    """Return what reads the data elsewhere, as far as it is installed."""
    found: dict[str, Callable[[Any], Any]] = {}
    if find_spec("pydantic"):
        pydantic: Any = import_module("pydantic")
        fields = {name: (each, ...) for name, each in FIELDS.items()}
        model = pydantic.create_model("Record", __config__={"strict": True, "extra": "forbid"}, **fields)
        found["pydantic, model"] = refusing(model.model_validate, pydantic.ValidationError)
    if find_spec("msgspec"):
        msgspec: Any = import_module("msgspec")
        struct = msgspec.defstruct("Record", list(FIELDS.items()), forbid_unknown_fields=True, frozen=True)
        found["msgspec, struct"] = refusing(lambda data: msgspec.convert(data, struct), msgspec.ValidationError)
    if find_spec("cattrs"):
        cattrs: Any = import_module("cattrs")
        converter = cattrs.Converter(forbid_extra_keys=True)
        record = attrs.make_class("Record", {name: attrs.field(type=each) for name, each in FIELDS.items()})
        found["cattrs, attrs class"] = refusing(lambda data: converter.structure(data, record), Exception)
    return found


def refusing(read: Callable[[Any], Any], error: type[Exception]) -> Callable[[Any], Any]:
    """Return a reader that gives the error back instead of raising it."""

    def call(data: Any) -> Any:
        try:
            return read(data)
        except error as refusal:
            return refusal

    return call


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    readers = ours() | theirs()
    first = timed(next(iter(readers.values())), DATA)
    for name, read in readers.items():
        fits = timed(read, DATA)
        print(f"{name:30}: fits {fits:6.2f} us ({fits / first:5.2f}), two problems {timed(read, BROKEN):6.2f} us")


if __name__ == "__main__":
    main()
