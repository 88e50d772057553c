"""The child process: reads one JSON object a line, answers one a line (see `desk`), and ends when its input ends.

Run as `python -m elixirml_local.worker` by `LocalModel`. The engine is imported here and nowhere else.
"""

import os
import signal
import sys
import traceback
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from typing import IO, Any

from elixirml_local.desk import Desk, Fetched
from elixirml_local.engine import Engine
from elixirml_local.faults import EngineError, ReplyStopped
from elixirml_local.machine_lock import MachineLock
from elixirml_local.slot import Take

__all__ = ["main"]


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    desk = Desk(_only_answers())
    Thread(target=_listen, args=(desk,), daemon=True).start()
    worker = _Worker()
    while True:
        question = desk.next()
        if "model" not in question:
            desk.answer(question, {})  # about a reply that is over
        elif question.get("stream"):
            fetched = Fetched(desk, question)
            with suppress(ReplyStopped):
                fetched.end(worker.answer(question, fetched.take))
        else:
            desk.answer(question, worker.answer(question))


class _Worker:
    """Answers questions; the first one loads the model."""

    def __init__(self) -> None:
        self._engine: Engine | None = None

    def answer(self, question: Mapping[str, Any], take: Take | None = None) -> dict[str, Any]:
        """Return the reply, or the error in words."""
        try:
            if self._engine is None:
                self._engine = _loaded(question["model"])
            return self._engine.complete(question["request"], take=take)
        except ReplyStopped:
            raise
        except EngineError as error:
            return {"error": str(error), "hint": error.hint, "code": error.code}
        except Exception as error:  # noqa: BLE001 - one question that nobody thought of must not end the engine
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}", "hint": None, "code": EngineError.code}


def _listen(desk: Desk) -> None:
    """Pass lines on, and end the process with its input, also while it waits, loads or computes.

    The engine's threads cannot be joined; leaving without its destructors is the clean way out.
    """
    for line in sys.stdin:
        desk.put(line)
    os._exit(0)


def _loaded(model: Mapping[str, Any]) -> Engine:
    """Load a model once no other engine runs; a failure leaves the machine to others."""
    lock = MachineLock(model["lock"])
    try:
        return Engine(model["path"], context=model["context"], threads=model["threads"])
    except BaseException:
        lock.release()
        raise


def _only_answers() -> IO[str]:
    """Return standard output for answers alone; whatever the engine prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
