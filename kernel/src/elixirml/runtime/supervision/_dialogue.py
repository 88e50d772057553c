"""Questions and answers over two byte streams: one JSON object a line, matched by number."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, cast

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream
from attrs import define, field

from elixirml.errors import ExecutorError

__all__ = ["Dialogue"]

_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 26  # a peer that writes more without a line break has lost its way


@define(eq=False)
class _Question:
    """A line to be sent, and room for its answer."""

    number: int
    line: bytes
    settled: anyio.Event = field(factory=anyio.Event)
    answer: dict[str, Any] | None = None


class Dialogue:
    """One side of the protocol: asks questions, one at a time unless the peer takes more, and waits for the answers.

    A question once begun is written to its end, even when its asker is cancelled: half a line would garble the next.
    The answer to a question nobody waits for any more is dropped.

    Args:
        send: Where questions go.
        receive: Where answers come from.
        on_noise: Called with each line that is no answer, such as a stray print.
        width: How many questions may be open at once.
    """

    def __init__(
        self,
        send: ByteSendStream,
        receive: ByteReceiveStream,
        *,
        on_noise: Callable[[bytes], None],
        width: int = 1,
    ) -> None:
        self._send = send
        self._receive = receive
        self._on_noise = on_noise
        self._numbers = count(1)
        self._turn = anyio.Semaphore(width)
        self._waiting: dict[int, _Question] = {}
        self._outbox: deque[_Question] = deque()
        self._bell = anyio.Event()
        self._failure: Callable[[], Exception] | None = None

    async def ask(self, payload: Mapping[str, object]) -> dict[str, Any]:
        """Send a question when its turn has come, and wait for the answer.

        Raises:
            ExecutorError: The payload has a key `id`, which belongs to the protocol.
            Exception: What `close` was given, once the dialogue is over.
        """
        question = self._written(payload)
        async with self._turn:
            if self._failure is not None:
                raise self._failure()
            self._waiting[question.number] = question
            self._outbox.append(question)
            self._bell.set()
            try:
                await question.settled.wait()
            finally:
                del self._waiting[question.number]
        if question.answer is None:
            raise self._over()
        return question.answer

    def close(self, failure: Callable[[], Exception]) -> None:
        """End the dialogue: every question, waiting or still to come, fails with a fresh `failure()`."""
        self._failure = failure
        for question in self._waiting.values():
            question.settled.set()

    async def write(self) -> None:
        """Send questions until cancelled, or until the peer hangs up."""
        try:
            while True:
                self._bell = anyio.Event()
                while self._outbox:
                    question = self._outbox.popleft()
                    if question.number in self._waiting:
                        await self._send.send(question.line)
                await self._bell.wait()
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            return  # the reading side notices as well, and knows better what to say

    async def read(self) -> None:
        """Take in lines until the peer hangs up, or writes a line without end."""
        rest = bytearray()
        searched = 0
        while len(rest) < _LONGEST_LINE:
            try:
                rest += await self._receive.receive(_CHUNK)
            except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
                break
            while (end := rest.find(b"\n", searched)) >= 0:
                self._take(bytes(rest[:end]))
                del rest[: end + 1]
                searched = 0
            searched = len(rest)
        if rest:
            self._on_noise(bytes(rest[-_CHUNK:]))

    def _written(self, payload: Mapping[str, object]) -> _Question:
        if "id" in payload:
            raise ExecutorError("the key `id` of a question belongs to the protocol", hint="Rename the payload's key.")
        number = next(self._numbers)
        text = json.dumps({"id": number, **payload}, allow_nan=False, separators=(",", ":"))
        return _Question(number, text.encode("ascii") + b"\n")

    def _take(self, line: bytes) -> None:
        """Hand an answer to the question it answers."""
        try:
            found: object = json.loads(line)
        except ValueError:
            found = None
        answer = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        number = answer.pop("id", None)
        if not isinstance(number, int):
            self._on_noise(line + b"\n")
        elif (question := self._waiting.get(number)) is not None:
            question.answer = answer
            question.settled.set()

    def _over(self) -> Exception:
        return ExecutorError("the dialogue is over") if self._failure is None else self._failure()
