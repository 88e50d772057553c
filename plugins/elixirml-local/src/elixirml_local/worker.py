"""The child process: reads one JSON object a line, answers one a line, and ends when its input ends.

Run as `python -m elixirml_local.worker` by `LocalModel`. The engine is imported here and nowhere else.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

from elixirml_local.engine import Engine
from elixirml_local.faults import EngineError
from elixirml_local.machine_lock import MachineLock

__all__ = ["main"]


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt is the parent's to handle
    answers = _only_answers()
    questions = SimpleQueue[str]()
    Thread(target=_listen, args=(questions,), daemon=True).start()
    engine: Engine | None = None
    while True:
        asked: dict[str, Any] = json.loads(questions.get())
        try:
            if engine is None:
                engine = _loaded(asked["model"])
            answer = engine.complete(asked["request"])
        except EngineError as error:
            answer = {"error": str(error), "hint": error.hint, "code": error.code}
        except Exception as error:  # noqa: BLE001 - one question that nobody thought of must not end the engine
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}", "hint": None, "code": EngineError.code}
        answers.write(json.dumps({**answer, "id": asked["id"]}) + "\n")
        answers.flush()


def _listen(questions: SimpleQueue[str]) -> None:
    """Pass lines on, and end the process with its input, also while it waits, loads or computes.

    The engine's threads cannot be joined; leaving without its destructors is the clean way out.
    """
    for line in sys.stdin:
        questions.put(line)
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
