"""The wire formats, by the paths they are spoken at."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from attrs import frozen

from elixirml.testing.loopback.responses import responses_body, responses_events
from elixirml.testing.loopback.script import Answer, Fault
from elixirml.testing.loopback.wire import anthropic_body, anthropic_events, event_text, openai_body, openai_events

__all__ = ["Format", "format_of"]


@frozen
class Format:
    """How answers and errors are written.

    Attributes:
        body: Writes a whole answer: answer, model.
        events: Writes its events.
        error: Writes the body of an error.
        broken: Writes the event that tells of an error within a stream.
    """

    body: Callable[[Answer, str], dict[str, Any]]
    events: Callable[[Answer, str], Iterator[str]]
    error: Callable[[Fault], dict[str, Any]]
    broken: Callable[[Fault], str]


def format_of(path: str) -> Format:
    """Return the format that is spoken at a path; OpenAI's chat format where no other is."""
    return next((found for end, found in _FORMATS if path.partition("?")[0].endswith(end)), _CHAT)


def _openai_error(fault: Fault) -> dict[str, Any]:
    return {"error": {"message": fault.message, "type": fault.code, "param": None, "code": fault.code}}


def _anthropic_error(fault: Fault) -> dict[str, Any]:
    return {"type": "error", "error": {"type": fault.code, "message": fault.message}}


def _openai_broken(fault: Fault) -> str:
    return event_text(_openai_error(fault))


def _anthropic_broken(fault: Fault) -> str:
    return f"event: error\n{event_text(_anthropic_error(fault))}"


def _responses_broken(fault: Fault) -> str:
    told = {"type": "error", "code": fault.code, "message": fault.message, "param": None, "sequence_number": 0}
    return f"event: error\n{event_text(told)}"


_CHAT: Final = Format(openai_body, openai_events, _openai_error, _openai_broken)
_FORMATS: Final = (
    ("/messages", Format(anthropic_body, anthropic_events, _anthropic_error, _anthropic_broken)),
    ("/responses", Format(responses_body, responses_events, _openai_error, _responses_broken)),
)
