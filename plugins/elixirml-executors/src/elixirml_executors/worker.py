"""A worker process: reads one item a line, does several at once, answers one a line, ends when its input ends.

Run as `python -m elixirml_executors.worker` by `Processes`.
"""

import json
import os
import signal
import sys
from typing import IO, Any

import anyio
from anyio import to_thread
from attrs import frozen

from elixirml.contracts import Bundle
from elixirml_executors.opening import Opened, opening
from elixirml_executors.travel import bundle_from, item_from, result_to

__all__ = ["main"]


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    anyio.run(_serve, _only_answers())


async def _serve(answers: IO[str]) -> None:
    async with opening() as opened, anyio.create_task_group() as tasks:
        bench = _Bench(opened, answers, {})
        while line := await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            tasks.start_soon(bench.answer, json.loads(line))
        os._exit(0)  # nobody waits for what is under way


@frozen(eq=False)
class _Bench:
    """What one worker process works with."""

    opened: Opened
    answers: IO[str]
    bundles: dict[str, Bundle]

    async def answer(self, asked: dict[str, Any]) -> None:
        """Answer one line: with a result, or by asking for a bundle that is not known here."""
        if "bundle" in asked:
            bundle = bundle_from(asked["bundle"])
            self.bundles[bundle.digest] = bundle
        known = self.bundles.get(asked.get("digest", ""))
        if known is None:
            self._say(asked["id"], {"unknown": True})
            return
        self._say(asked["id"], result_to(await self.opened.do(known, item_from(asked["item"]))))

    def _say(self, number: int, answer: dict[str, Any]) -> None:
        try:
            line = json.dumps({**answer, "id": number})
        except (TypeError, ValueError) as error:
            failure = ["not-json", f"the result is no JSON: {error}"]
            line = json.dumps({**answer, "value": None, "failure": failure, "id": number})
        self.answers.write(line + "\n")
        self.answers.flush()


def _only_answers() -> IO[str]:
    """Return standard output for answers alone; whatever else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
