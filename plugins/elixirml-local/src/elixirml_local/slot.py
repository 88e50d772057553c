"""The place where the engine computes: one prompt at a time, with sums that are always made in the same order.

A prompt is a stable front (instruction and demos) and a rest (the example). The front stays in the engine's cache;
before each call the cache is cut back to exactly the front. So what is computed depends on the prompt alone, and equal
calls have bit-equal answers, whatever came between and also after a restart.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from elixirml_local.faults import EngineError, PromptTooLong, ReplyStopped
from elixirml_local.prompts import Tokens

__all__ = ["Slot", "Take"]

Take: TypeAlias = Callable[[str], bool]
"""Takes a piece of a reply as it is written, and returns whether to go on."""


class Slot:
    """The engine's only slot, and what its cache holds.

    Args:
        server: The engine.
        context: How many tokens fit.
    """

    def __init__(self, server: Any, *, context: int) -> None:
        self._server = server
        self._context = context
        self._front: Tokens = ()
        self._next: int | None = None  # the token after the front in the cache, None when it is not known

    def ask(
        self, front: Tokens, rest: Tokens, *, room: int = 1, take: Take | None = None, **options: Any
    ) -> dict[str, Any]:
        """Compute a prompt, and return the engine's answer.

        Args:
            front: The stable part.
            rest: What comes after it.
            room: How many tokens to write at most.
            take: Given each piece as it is written; returns whether to go on.
            options: Further options of the engine.

        Raises:
            PromptTooLong: Prompt and room do not fit the context.
            EngineError: The engine refused, in its own words.
            ReplyStopped: Nobody wants to go on.
        """
        length = len(front) + len(rest)
        if not length:
            raise EngineError("the prompt is empty")
        if length + room > self._context:
            raise PromptTooLong(
                f"{length} prompt tokens and {room} to write do not fit a context of {self._context} tokens"
            )
        self._cut(front, rest)
        answer = self._call((*front, *rest), reuse=bool(front), room=room, take=take, **options)
        self._front, self._next = front, (rest[0] if rest else None)
        return answer

    def _cut(self, front: Tokens, rest: Tokens) -> None:
        """Leave exactly the front in the cache.

        The engine itself keeps all that the cache and the next prompt begin with in common, which would change the
        shape of its sums; a call for the front alone takes that away. Where the rests differ in their first token, the
        engine cuts at the front by itself.
        """
        if not front:
            return
        if front != self._front:
            self._call(front, reuse=False, room=0)
        elif rest and self._next is not None and rest[0] != self._next:
            return
        self._call(front, reuse=True, room=0)

    def _call(
        self, prompt: Sequence[int], *, reuse: bool, room: int, take: Take | None = None, **options: Any
    ) -> dict[str, Any]:
        # Until the answer is there, nobody knows what the cache holds.
        self._front, self._next = (), None
        settings = {"seed": 1, "temperature": 0.0, **options, "n_predict": room, "cache_prompt": reuse}
        asked = {**settings, "prompt": list(prompt)}
        answer: Any = self._server.handle_completions(asked) if take is None else self._written(asked, take)
        if "error" in answer:
            raise EngineError(str(answer["error"].get("message", answer["error"])))
        return dict(answer)

    def _written(self, asked: dict[str, Any], take: Take) -> dict[str, Any]:
        """Return the same answer, made of the pieces in which it is written."""
        pieces: list[dict[str, Any]] = []
        stopped = False

        def came(piece: dict[str, Any]) -> bool:
            """Tell the engine whether to stop."""
            nonlocal stopped
            pieces.append(piece)
            stopped = "error" not in piece and not take(piece["choices"][0]["text"])
            return stopped

        self._server.handle_completions({**asked, "stream": True}, came)
        last = pieces[-1] if pieces else {}
        if "error" in last:
            return last
        if "usage" not in last:
            raise ReplyStopped if stopped else EngineError("the engine broke off")
        text = "".join(each["choices"][0]["text"] for each in pieces)
        return {**last, "choices": [{**last["choices"][0], "text": text}]}
