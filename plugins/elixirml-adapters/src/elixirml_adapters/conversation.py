"""The shape all chat formats share: what holds for every example first, the example last."""

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from elixirml.contracts import Message, Role
from elixirml_adapters.rendering import paragraphs

__all__ = ["DEMO_LAYOUTS", "Conversation", "Turn", "converse"]

DEMO_LAYOUTS: Final = ("turns", "inline")
"""Where demos stand: as turns of the conversation, or inside the system message."""

_NOTHING: Final = "(no input)"


@frozen
class Turn:
    """A demo as written: what the user says, and what the model should reply."""

    user: str
    assistant: str


@frozen
class Conversation:
    """Messages, and how many of the first are the same for every example."""

    messages: tuple[Message, ...]
    stable: int


def converse(system: str, *, demos: Sequence[Turn], example: str, layout: str = DEMO_LAYOUTS[0]) -> Conversation:
    """Return the conversation that ends in the example; an empty system text gives no message.

    A user who gives nothing still says something: services refuse empty messages.
    """
    if layout == "inline":
        system = paragraphs(system, *(_inline(turn) for turn in demos))
    front = [Message(Role.SYSTEM, system)] if system else []
    if layout != "inline":
        for turn in demos:
            front += [Message(Role.USER, turn.user or _NOTHING), Message(Role.ASSISTANT, turn.assistant)]
    return Conversation((*front, Message(Role.USER, example or _NOTHING)), len(front))


def _inline(turn: Turn) -> str:
    return f"Example:\n\n{turn.user or _NOTHING}\n\nReply:\n\n{turn.assistant}"
