"""The child process's side of the dialogue: questions come in one by one, and a reply may be fetched piece by piece.

Every question has one answer. One with `stream` begins a reply and is answered with its first piece; `more` asks for
what has come since, and the last answer holds the whole reply too. `stop`, or any new question, ends the reply at once:
whoever asked for it has gone.
"""

import json
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import IO, Any

__all__ = ["Desk", "Fetched"]


class Desk:
    """Where questions arrive and answers leave.

    Args:
        answers: Where answers are written, one JSON object a line.
    """

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self._questions = SimpleQueue[str]()
        self._put_back: dict[str, Any] | None = None

    def put(self, line: str) -> None:
        """Take in a question; to be called from any thread."""
        self._questions.put(line)

    def next(self) -> dict[str, Any]:
        """Return the next question, as soon as there is one."""
        question, self._put_back = self._put_back, None
        return self._read(self._questions.get()) if question is None else question

    def waiting(self) -> dict[str, Any] | None:
        """Return the next question if there is one."""
        try:
            return self._read(self._questions.get_nowait())
        except Empty:
            return None

    def put_back(self, question: dict[str, Any]) -> None:
        """Let a question be the next one again."""
        self._put_back = question

    def answer(self, question: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Answer a question."""
        self._answers.write(json.dumps({**answer, "id": question["id"]}) + "\n")
        self._answers.flush()

    def _read(self, line: str) -> dict[str, Any]:
        question: dict[str, Any] = json.loads(line)
        return question


class Fetched:
    """One reply that is fetched piece by piece.

    Args:
        desk: Where it is asked for.
        question: What began it.
    """

    def __init__(self, desk: Desk, question: dict[str, Any]) -> None:
        self._desk = desk
        self._question: dict[str, Any] | None = question
        self._pieces = ""

    def take(self, piece: str) -> bool:
        """Take a piece, hand out what there is to who waits for it, and return whether to go on."""
        self._pieces += piece
        while (question := self._desk.waiting()) is not None:
            if not self._accepts(question):
                return False
        if self._question is not None and self._pieces:
            self._desk.answer(self._question, {"piece": self._pieces})
            self._question, self._pieces = None, ""
        return True

    def end(self, reply: Mapping[str, Any]) -> None:
        """Hand out the whole reply, with the last piece, to who asks for more; nobody may."""
        while self._question is None:
            if not self._accepts(self._desk.next()):
                return
        self._desk.answer(self._question, {**reply, "piece": self._pieces})

    def _accepts(self, question: dict[str, Any]) -> bool:
        if "more" in question:
            self._question = question
            return True
        self._desk.put_back(question)
        return False
