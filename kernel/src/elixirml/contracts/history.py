"""What was said before: the turns of a conversation, as the value of an input."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from attrs import field, frozen

from elixirml.contracts.messages import Message, Role
from elixirml.identity import Json

__all__ = ["History", "Turn", "is_history"]


@frozen
class Turn:
    """One turn of a conversation.

    Attributes:
        role: Who says it.
        content: What is said.

    .. versionadded:: 0.1
    """

    role: Literal["user", "assistant"]
    content: str


@frozen
class History:
    """The conversation so far; a type of inputs.

    It is sent as turns of its own, before the example, and takes no part in the format of the others.

    Attributes:
        turns: In order.

    Example:
        >>> History().said("user", "Hello").said("assistant", "Good day").turns[1].content
        'Good day'

    .. versionadded:: 0.1
    """

    turns: tuple[Turn, ...] = field(default=(), converter=tuple[Turn, ...])

    def said(self, role: Literal["user", "assistant"], content: str) -> "History":
        """Return the history with one more turn."""
        return History((*self.turns, Turn(role, content)))

    def plain(self) -> list[Json]:
        """Return the turns as plain data."""
        return [{"role": each.role, "content": each.content} for each in self.turns]

    @staticmethod
    def messages(turns: Iterable[Mapping[str, Any]]) -> tuple[Message, ...]:
        """Return plain turns as messages for a model."""
        return tuple(Message(_ROLES[each["role"]], str(each["content"])) for each in turns)


def is_history(annotation: object) -> bool:
    """Return whether a field's type is `History`, or that or None."""
    return annotation is History or annotation == (History | None)


_ROLES: Final = {"user": Role.USER, "assistant": Role.ASSISTANT}
