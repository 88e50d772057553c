"""What is said to a language model: the turns of a conversation and what they may carry."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import frozen

from elixirml.identity import Json

__all__ = ["Attachment", "Media", "Message", "Role", "ToolCall"]


class Role(StrEnum):
    """Who says a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"  #: the result of a tool call


class Media(StrEnum):
    """What an attachment is."""

    IMAGE = "image"
    AUDIO = "audio"
    FILE = "file"


@frozen
class Attachment:
    """Something beside text that the caller shows to the model.

    Only callers make attachments: a value parsed from a model's reply never becomes one, so a reply can cause neither a
    file to be read nor an address to be opened.

    Attributes:
        media: What it is.
        mime: Its media type, such as `image/png`.
        data: Its bytes in base64; None where `url` is given.
        url: Where the provider is to fetch it; None where `data` is given.
        name: What the model may call it.
    """

    media: Media
    mime: str
    data: str | None = None
    url: str | None = None
    name: str = ""

    def to_json(self) -> dict[str, Json]:
        """Return the attachment as plain data."""
        return {"media": str(self.media), "mime": self.mime, "data": self.data, "url": self.url, "name": self.name}


@frozen
class ToolCall:
    """A tool the model wants to be called.

    Attributes:
        id: What the result refers to.
        name: The tool.
        arguments: JSON text, as the model wrote it; checked against the tool's parameters before anything happens.
    """

    id: str
    name: str
    arguments: str = "{}"

    def to_json(self) -> dict[str, Json]:
        """Return the call as plain data."""
        return {"id": self.id, "name": self.name, "arguments": self.arguments}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "ToolCall":
        """Return the call that `to_json` gave."""
        return cls(str(data["id"]), str(data["name"]), str(data["arguments"]))


@frozen
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who says it.
        content: Its text.
        attachments: What is shown beside the text, for models with `Capability.VISION`, `AUDIO` or `FILES`.
        tool_calls: What the assistant wanted to be called.
        tool_call_id: Which call this is the result of, for `Role.TOOL`.
    """

    role: Role
    content: str
    attachments: tuple[Attachment, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    def to_json(self) -> dict[str, Json]:
        """Return the turn as plain data; what it does not carry is left out, so that digests outlive new fields."""
        said: dict[str, Json] = {"role": str(self.role), "content": self.content}
        if self.attachments:
            said["attachments"] = [each.to_json() for each in self.attachments]
        if self.tool_calls:
            said["tool_calls"] = [each.to_json() for each in self.tool_calls]
        if self.tool_call_id is not None:
            said["tool_call_id"] = self.tool_call_id
        return said
