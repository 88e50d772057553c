"""The child process: reads one JSON object a line, answers one a line, and ends when its input ends.

Run as `python -m elixirml_local.worker` by `LocalModel`. The engine is imported here and nowhere else.
"""

import json
import os
import sys
from typing import IO, Any

from elixirml_local.engine import Engine, EngineError, PromptTooLong
from elixirml_local.machine_lock import machine_lock

__all__ = ["main"]


def main() -> None:
    """Serve until standard input ends."""
    answers = _only_answers()
    engine: Engine | None = None
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        try:
            if asked.get("do") == "load":
                machine_lock(asked["lock"])
                engine = Engine(asked["path"], context=asked["context"], threads=asked["threads"])
                answer: dict[str, Any] = {"ready": True}
            elif engine is not None:
                answer = engine.complete(asked["request"])
            else:
                answer = {"error": "no model is loaded"}
        except PromptTooLong as error:
            answer = {"error": str(error), "code": "context-length"}
        except EngineError as error:
            answer = {"error": str(error)}
        answers.write(json.dumps({**answer, "id": asked.get("id")}) + "\n")
        answers.flush()
    # The engine's threads cannot be joined; leaving without its destructors is the clean way out.
    os._exit(0)


def _only_answers() -> IO[str]:
    """Return standard output for answers alone; whatever the engine prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


if __name__ == "__main__":
    main()
