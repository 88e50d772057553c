"""Reads a reply that is a tool call while it arrives."""

from collections.abc import Mapping, Sequence
from typing import Any

from elixirml.contracts import FieldDelta, ToolCallDelta
from elixirml_adapters.parsing.streams.json_stream import JsonStream

__all__ = ["ToolsStream"]


class ToolsStream:
    """Tells of the arguments of the first call of a tool, or of the JSON in the text where no call came.

    What a text has told stays told: a call that comes after it is left to the end of the reply, and so are calls of
    other tools, which count only where this one was not called.

    Args:
        schema: An object schema with the fields as `properties`.
        tool: The name of the tool.
    """

    def __init__(self, schema: Mapping[str, Any], *, tool: str) -> None:
        self._tool = tool
        self._text = JsonStream(schema)
        self._arguments = JsonStream(schema)
        self._told = False  # by the text
        self._call: int | None = None  # the call that is read

    def feed(self, text: str) -> Sequence[FieldDelta]:
        """Take more of the text; beside a call it says nothing."""
        if self._call is not None:
            return ()
        deltas = self._text.feed(text)
        self._told = self._told or bool(deltas)
        return deltas

    def feed_call(self, call: ToolCallDelta) -> Sequence[FieldDelta]:
        """Take more of a call."""
        if self._call is None and call.name == self._tool and not self._told:
            self._call = call.index
        return self._arguments.feed(call.arguments) if call.index == self._call else ()

    def close(self) -> Sequence[FieldDelta]:
        """Take note that the reply has ended and return what was held back."""
        return (self._text if self._call is None else self._arguments).close()
