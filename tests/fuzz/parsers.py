"""Looks for replies that a parser answers neither with a value nor with a `ParseFailure`, or not in time.

    python -m pip install atheris
    python tests/fuzz/parsers.py json -max_total_time=600

The parser is `json`, `sections`, `xml` or `streams`; what follows goes to libFuzzer. It begins with the replies of the
case tables. Now and then a reply is also read repeated to a megabyte, which must take no longer than in proportion.
What was found is written to a file `crash-...`, and is read again by naming it: `parsers.py json crash-...`.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from elixirml.contracts import StreamParser
from elixirml_adapters.parsing import ParseFailure, parse_json_reply, parse_sections_reply, parse_xml_reply
from elixirml_adapters.parsing.streams import JsonStream, SectionsStream, XmlStream

CASES: Final = Path(__file__).parents[1] / "cases"
MARKER: Final[Mapping[str, Any]] = {"template": "[[ ## {name} ## ]]", "end": "completed"}
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"},
        "n": {"type": ["integer", "null"]},
        "v": {"anyOf": [{"type": "array", "items": {"type": "number"}}, {"enum": ["a", "B c", 1, None]}]},
        "city": {"type": "object", "properties": {"k": {"type": "boolean"}}, "required": ["k"]},
        "m": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}},
        "any": {},
    },
    "required": ["answer"],
}
SECONDS: Final = 2.0
"""Of the processor: what a megabyte may take without question, though a fuzzer watches every line."""
GROWTH: Final = 8.0
"""How many times a quarter of it a megabyte may take where that is more; in proportion it would be 4."""
LONG: Final = 1_000_000
EVERY: Final = 500
"""One reply in so many is repeated."""


def streamed(make: Callable[[], StreamParser], reply: str) -> None:
    """Feed a reply in pieces whose length the reply decides."""
    size = len(reply) % 7 + 1 if len(reply) < LONG // 8 else 1000
    parser = make()
    for start in range(0, len(reply), size):
        parser.feed(reply[start : start + size])
    parser.close()


def answered_by_all_streams(reply: str) -> None:
    """Read a reply in pieces, by every format."""
    streamed(lambda: JsonStream(SCHEMA), reply)
    streamed(lambda: SectionsStream(SCHEMA, **MARKER), reply)
    streamed(lambda: XmlStream(SCHEMA), reply)


PARSERS: Final[Mapping[str, Callable[[str], object]]] = {
    "json": lambda reply: parse_json_reply(reply, SCHEMA),
    "sections": lambda reply: parse_sections_reply(reply, SCHEMA, **MARKER),
    "xml": lambda reply: parse_xml_reply(reply, SCHEMA),
    "streams": answered_by_all_streams,
}


def seeds() -> Iterator[str]:
    """Yield the replies of the case tables that are not made by repetition."""
    for table in ("parse_json", "parse_sections", "parse_xml", "stream_chunks"):
        for path in (CASES / f"{table}.jsonl", CASES / "more" / f"{table}.jsonl"):
            for line in path.read_text("utf-8").splitlines():
                asked = json.loads(line)["input"]
                yield asked.get("reply") or "".join(asked.get("chunks", ()))


def answered(name: str, reply: str) -> None:
    """Read a reply; anything raised but `ParseFailure` is a fault."""
    with suppress(ParseFailure):
        PARSERS[name](reply)


def in_time(name: str, reply: str) -> None:
    """Read a reply repeated to a megabyte.

    Raises:
        TimeoutError: It takes much longer than in proportion.
    """
    quarter, whole = (_seconds(name, reply * (size // max(len(reply), 1))) for size in (LONG // 4, LONG))
    if whole > SECONDS and whole > GROWTH * quarter:
        raise TimeoutError(f"{name}: {quarter:.2f} s, then {whole:.2f} s for {reply!r} repeated to a megabyte")


def _seconds(name: str, reply: str) -> float:
    begun = time.process_time()
    answered(name, reply)
    return time.process_time() - begun


class Target:
    """What libFuzzer calls."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def __call__(self, data: bytes) -> None:
        reply = data.decode("utf-8", "replace")
        answered(self._name, reply)
        self._count += 1
        if self._count % EVERY == 0:
            in_time(self._name, reply)


def main() -> None:
    """Fuzz one parser, from the replies of the tables on."""
    name, *options = sys.argv[1:] or [""]
    if name not in PARSERS:
        sys.exit(f"Which parser? {', '.join(PARSERS)}")
    atheris: Any = import_module("atheris")
    atheris.instrument_all()
    with TemporaryDirectory() as folder:
        for number, seed in enumerate(seeds()):
            (Path(folder) / str(number)).write_text(seed, "utf-8", "surrogatepass")
        named = [each for each in options if not each.startswith("-")]
        atheris.Setup([sys.argv[0], *options, *([] if named else [folder, "-max_len=4096"])], Target(name))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
