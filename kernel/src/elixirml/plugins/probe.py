"""The process in which plugins are loaded for a look at them; `elixirml.plugins.probing` starts it.

It reads one JSON object from standard input: the folders to import from (`path`), the plugins to load in their order
(`candidates`) and from how many milliseconds on one is slow (`slow_ms`). For each plugin it writes a line when it
begins and a line with the record. Whatever a plugin does to this process, the lines tell its parent which one did.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

from elixirml.plugins.loading import Hooks, load_candidate
from elixirml.plugins.transfer import candidate_from, record_to

__all__ = ["answers", "main"]


def main() -> None:
    """Load the plugins asked for, one after the other, and write what became of each."""
    # An interrupt is the parent's to obey, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = json.load(sys.stdin)
    output = _own_output()
    sys.path[:] = request["path"]
    for each in answers(request):
        output.write(json.dumps(each, default=lambda value: f"<{type(value).__name__}>") + "\n")
        output.flush()


def answers(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Load the plugins asked for; yield before each that it begins, and then what became of it."""
    hooks = Hooks()
    for each in request["candidates"]:
        yield {"begun": each["name"]}
        record = load_candidate(candidate_from(each), hooks, slow_ms=request["slow_ms"]).record
        yield {"record": record_to(record)}


def _own_output() -> TextIO:
    """Return a way to the parent that no plugin knows; what plugins print is an aside, and there is nothing to read."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return own
