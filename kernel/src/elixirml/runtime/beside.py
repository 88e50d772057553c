"""What goes beside the text of a prompt: attachments, and turns said before.

Formats write texts. So an attachment is replaced by a reference in the text, such as `(image 1: cat.png)`, and put on
the message that says it, whatever the format; a history becomes messages before the last one. What an input field may
hold is declared by its type: a text that a model has written is never looked at.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from attrs import define, evolve, field

from elixirml.contracts.adapter import Demo, FormatCall
from elixirml.contracts.attached import kind_of_field
from elixirml.contracts.history import History, is_history
from elixirml.contracts.language_model import Capability, ModelRequest
from elixirml.contracts.messages import Attachment, Media, Message, Role
from elixirml.contracts.schema import Field
from elixirml.errors import ConfigError
from elixirml.identity import Json

__all__ = ["Beside", "set_aside"]

_NEEDED: Mapping[Media, Capability] = {
    Media.IMAGE: Capability.VISION,
    Media.AUDIO: Capability.AUDIO,
    Media.FILE: Capability.FILES,
}


@define(eq=False)
class Beside:
    """What was set aside of the values of one prediction.

    Attributes:
        stage: The stage's path.
        attachments: By the reference that stands for each in the text.
        turns: What was said before.
    """

    stage: str
    attachments: dict[str, Attachment] = field(factory=dict[str, Attachment], init=False)
    turns: list[Message] = field(factory=list[Message], init=False)

    def texts(self, fields: Iterable[Field], values: Mapping[str, Json]) -> dict[str, Json]:
        """Return the values with a reference in place of every attachment."""
        schemas = {each.name: each.schema for each in fields}
        return {name: self._text(schemas.get(name, {}), value) for name, value in values.items()}

    def on(self, call: FormatCall, request: ModelRequest) -> ModelRequest:
        """Return a request that carries all of it.

        Raises:
            ConfigError: The model does not take such attachments, or the format writes plain text.
        """
        if request.text is not None and (self.attachments or self.turns):
            raise ConfigError(
                f"Stage `{self.stage}`: plain text carries no attachment and no history, and the format writes that.",
                hint="Choose a format of messages, such as `json` or `sections`.",
                code="adapter-unsuited",
            )
        messages = list(request.messages)
        for reference, each in self.attachments.items():
            if _NEEDED[each.media] not in call.capabilities:
                raise ConfigError(
                    f"Stage `{self.stage}`: the model takes nothing of the kind {each.media}.",
                    hint=f"Choose a model with the capability `{_NEEDED[each.media]}`.",
                    code="capability-missing",
                )
            at = next((at for at, message in enumerate(messages) if reference in message.content), _last(messages))
            messages[at] = evolve(messages[at], attachments=(*messages[at].attachments, each))
        last = _last(messages)
        return evolve(request, messages=(*messages[:last], *self.turns, *messages[last:]))

    def _text(self, schema: Mapping[str, Any], value: Json) -> Json:
        """Return a value with references in it, wherever its schema has an attachment."""
        kind = kind_of_field(schema)
        if kind is not None and isinstance(value, str):
            return self._reference(kind.parse(value))
        if isinstance(value, list) and "items" in schema:
            return [self._text(schema["items"], each) for each in value]
        if isinstance(value, dict):
            return self._object(schema, value)
        held = [each for each in schema.get("anyOf", ()) if kind_of_field(each) is not None]
        return self._text(held[0], value) if held else value

    def _object(self, schema: Mapping[str, Any], value: Mapping[str, Json]) -> dict[str, Json]:
        members: Mapping[str, Any] = schema.get("properties", {})
        others = schema.get("additionalProperties")
        rest = cast("Mapping[str, Any]", others if isinstance(others, Mapping) else {})
        return {name: self._text(members.get(name, rest), each) for name, each in value.items()}

    def _reference(self, attachment: Attachment) -> str:
        number = 1 + sum(each.media is attachment.media for each in self.attachments.values())
        reference = f"({attachment.media} {number}{f': {attachment.name}' if attachment.name else ''})"
        self.attachments[reference] = attachment
        return reference


def set_aside(call: FormatCall, stage: str) -> tuple[FormatCall, Beside]:
    """Return a call whose values are texts and other plain data alone, and what was set aside of them."""
    beside = Beside(stage)
    signature, values = call.signature, dict(call.values)
    for each in signature.inputs:
        if is_history(each.annotation):
            beside.turns += History.messages(values.pop(each.name, None) or ())
    inputs = tuple(each for each in signature.inputs if not is_history(each.annotation))
    signature = evolve(signature, inputs=inputs)
    demos = tuple(Demo(beside.texts(inputs, each.inputs), each.outputs) for each in call.demos)
    plain = beside.texts(inputs, values)
    return evolve(call, signature=signature, values=plain, demos=demos), beside


def _last(messages: list[Message]) -> int:
    """Return where the last message of the user stands: what it says is the example."""
    return max((at for at, message in enumerate(messages) if message.role is Role.USER), default=0)
