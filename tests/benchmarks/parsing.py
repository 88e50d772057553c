"""How fast replies are read: whole ones of a kilobyte and of a megabyte, and pieces as they arrive.

    python tests/benchmarks/parsing.py

Needs elixirml-adapters. No model is asked. Times are of the processor, the best of several runs, so that what else the
machine does shows little.
"""

import json
import os
import platform
import random
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from elixirml.contracts import StreamParser
from elixirml_adapters.parsing import ParseFailure, parse_json_reply, parse_sections_reply, parse_xml_reply
from elixirml_adapters.parsing.streams import JsonStream, SectionsStream, XmlStream

MEGABYTE: Final = 1_000_000
PIECE: Final = 37
"""Signs of a piece of a dense stream."""
SLOW: Final = 0.5
"""Seconds; of the dense replies, those that take longer are listed one by one."""

MARKER: Final = {"template": "[[ ## {name} ## ]]", "end": "completed"}
SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "answer": {"type": "string"},
        "items": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "string"}]}},
        "score": {"type": "number"},
        "sure": {"type": "boolean"},
        "more": {},
    },
    "required": ["answer"],
}
#: What dense replies repeat: nesting, lists, keys, objects, quotes, escapes, fences, comments, tags, headers.
PIECES: Final = (
    "[", "{", '{"a":', "1,", '"x",', "x,", "[],", "[1],", "{},", '{"k":1},', '"k":1,', "k:1,", "{}", "{k:1}",
    '{"answer":"x"}', "{word} ", "{a: b\n", "{'a ", '"', '\\"', "\\u0041", "'", "```\n", "```\n{}\n```\n", "#\n",
    "/**/", "<think>", "</think>{", "<b>", "<b></b>", "<b/>", "<item>1</item>", "<items>1</items>", "<", "&amp;",
    "<![CDATA[", "<!--", "<?", "[[ ## ", "[[ ## b ## ]]", "\n[[ ## b ## ]]x", "- 1\n", "\n", " ",
)  # fmt: skip
AROUND: Final = {
    "json": ("%s", '{"answer": "x", "more": [%s1]}', '{"answer": "%s"}', '{"answer": "x", "items": [%s1]}'),
    "sections": ("%s", "[[ ## answer ## ]]x[[ ## items ## ]]%s"),
    "xml": ("<answer>x</answer>%s", "<answer>%s</answer>", "<answer>x</answer><items>%s</items>"),
}


def parsers() -> dict[str, Callable[[str], Any]]:
    """Return the readers of whole replies."""
    return {
        "json": lambda reply: parse_json_reply(reply, SCHEMA),
        "sections": lambda reply: parse_sections_reply(reply, SCHEMA, **MARKER),
        "xml": lambda reply: parse_xml_reply(reply, SCHEMA),
    }


def streams() -> dict[str, Callable[[], StreamParser]]:
    """Return the readers of pieces."""
    return {
        "json": lambda: JsonStream(SCHEMA),
        "sections": lambda: SectionsStream(SCHEMA, **MARKER),
        "xml": lambda: XmlStream(SCHEMA),
    }


def prose(rng: random.Random, words: int) -> str:
    """Return so many words of a plain text."""
    known = ("the", "capital", "of", "Norway", "is", "Oslo", "since", "1814", ",", "about", "700,000", "people", ".")
    return " ".join(rng.choice(known) for _ in range(words))


def replies(words: int) -> dict[str, str]:
    """Return a usual reply in each format."""
    rng = random.Random(0)
    values = {
        "answer": prose(rng, words),
        "items": [prose(rng, 3) for _ in range(5)],
        "score": 0.93,
        "sure": True,
    }
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    return {
        "json": json.dumps(values),
        "sections": "".join(f"[[ ## {name} ## ]]\n{text}\n\n" for name, text in texts.items())
        + "[[ ## completed ## ]]",
        "xml": "\n".join(f"<{name}>{text}</{name}>" for name, text in texts.items()),
    }


def seconds(work: Callable[[], Any], *, times: int, runs: int) -> float:
    """Return the processor's seconds for one call: the best mean of several runs."""
    best = float("inf")
    for _ in range(runs):
        begun = time.process_time()
        for _ in range(times):
            work()
        best = min(best, (time.process_time() - begun) / times)
    return best


def taken(make: Callable[[], StreamParser], pieces: list[str]) -> None:
    """Feed all pieces to a new reader."""
    parser = make()
    for piece in pieces:
        parser.feed(piece)
    parser.close()


def answered(parse: Callable[[str], Any], reply: str) -> None:
    """Read a reply, whatever comes of it."""
    with suppress(ParseFailure):
        parse(reply)


def print_usual() -> None:
    """Print what usual replies take."""
    for name, reply in replies(160).items():
        whole = 1e6 * seconds(lambda: parsers()[name](reply), times=50, runs=10)  # noqa: B023 - called at once
        pieces = re.findall(r" ?\w{1,6}|\s+|[^\w\s]{1,2}", reply)
        streamed = 1e6 * seconds(lambda: taken(streams()[name], pieces), times=5, runs=10) / len(pieces)  # noqa: B023
        print(f"{name:9} {len(reply):5} signs: whole {whole:6.1f} µs; {len(pieces)} pieces, {streamed:5.2f} µs a piece")


def print_dense() -> None:
    """Print what dense replies of a megabyte take, whole, in pieces, and as one piece of a stream."""
    for name, parse in parsers().items():
        make = streams()[name]
        print_slowest(name, "dense replies of 1 MB", lambda reply: answered(parse, reply))  # noqa: B023 - called at once
        print_slowest(name, f"the same in pieces of {PIECE}", lambda reply: taken(make, cut(reply)))  # noqa: B023
        print_slowest(name, "the same as one piece", lambda reply: taken(make, [reply]))  # noqa: B023


def print_slowest(name: str, what: str, read: Callable[[str], None]) -> None:
    """Print what the dense replies of a format take: the mean, and all that are slow."""
    times: dict[str, float] = {}
    for piece in PIECES:
        for around in AROUND[name]:
            reply = around.replace("%s", piece * (MEGABYTE // len(piece)))
            shape = f"{around[:40]!r} of {piece!r}"
            times[shape] = seconds(lambda: read(reply), times=1, runs=1)  # noqa: B023 - called at once
    print(f"{name:9} {len(times):5} {what}: {sum(times.values()) / len(times):.2f} s on average")
    for shape, taken_for in sorted(times.items(), key=lambda item: -item[1]):
        if taken_for > SLOW:
            print(f"          {taken_for:5.2f} s  {shape}")


def cut(reply: str) -> list[str]:
    """Return a reply in pieces."""
    return [reply[begin : begin + PIECE] for begin in range(0, len(reply), PIECE)]


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    print_usual()
    print_dense()


if __name__ == "__main__":
    main()
