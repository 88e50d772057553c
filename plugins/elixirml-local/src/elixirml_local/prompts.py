"""Prompts as tokens: the model's chat template around contents that are never read as control tokens."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, TypeAlias

from elixirml_local.faults import EngineError
from elixirml_local.loopback import Loopback

__all__ = ["Prompts", "Tokens"]

Tokens: TypeAlias = tuple[int, ...]

_TEXTS: Final = 4096
_TEMPLATES: Final = 256


class Prompts:
    """Turns requests and texts into tokens; what was seen before is remembered.

    Args:
        server: Tokenizes, and knows the chat template.
    """

    def __init__(self, server: Loopback) -> None:
        self._server = server
        self._tokenized = lru_cache(maxsize=_TEXTS)(self._tokenize)
        self._templated = lru_cache(maxsize=_TEMPLATES)(self._template)
        self._opening = self._tokenize("", special=False, opening=True)

    def tokens(self, text: str) -> Tokens:
        """Return the tokens of a text; nothing in it is a control token."""
        return self._tokenized(text) if text else ()

    def split(self, request: Mapping[str, Any]) -> tuple[Tokens, Tokens]:
        """Return the tokens of a request's stable front and of the rest, tokenized apart.

        The text is the same wherever it is divided. Its tokens may not be: a run of line breaks at the end of the
        front, for instance, is one token there, where a word behind it would have made two of it.

        Raises:
            EngineError: The model's chat template does not take these messages.
        """
        if request["text"] is not None:
            return self._split_text(request["text"], request["stable"])
        return self._split_chat(request["messages"], request["stable"])

    def _split_text(self, text: str, stable: int) -> tuple[Tokens, Tokens]:
        front, rest = self.tokens(text[:stable]), self.tokens(text[stable:])
        return ((*self._opening, *front), rest) if front else ((), (*self._opening, *rest))

    def _split_chat(self, messages: list[Mapping[str, str]], stable: int) -> tuple[Tokens, Tokens]:
        """Put contents between the pieces of the template; the piece after a stable message is stable too."""
        if not messages:
            raise EngineError("the prompt is empty")
        pieces = self._templated(tuple(each["role"] for each in messages))
        front, rest = list[int](), list[int]()
        (front if stable else rest).extend(pieces[0])
        for number, message in enumerate(messages):
            target = front if number < stable else rest
            target.extend(self.tokens(message["content"]))
            target.extend(pieces[number + 1])
        return tuple(front), tuple(rest)

    def _template(self, roles: tuple[str, ...]) -> tuple[Tokens, ...]:
        """Return what the model's chat template puts before, between and after messages of these roles."""
        marks = [f"\ue000{number}\ue001" for number in range(len(roles))]
        messages = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
        text = str(self._server.post("/apply-template", {"messages": messages})["prompt"])
        pieces: list[str] = []
        for mark in marks:
            before, found, text = text.partition(mark)
            if not found:
                raise EngineError(f"the model's chat template drops or moves a message of {', '.join(roles)}")
            pieces.append(before)
        return tuple(self._tokenized(piece, special=True) if piece else () for piece in (*pieces, text))

    def _tokenize(self, text: str, *, special: bool = False, opening: bool = False) -> Tokens:
        asked = {"content": text, "add_special": opening, "parse_special": special}
        return tuple(self._server.post("/tokenize", asked)["tokens"])
