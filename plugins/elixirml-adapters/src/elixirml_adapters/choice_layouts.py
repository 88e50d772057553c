"""How a choice is put to a model: a chat, or a text to continue.

    chat    system: Instruction    plain   Instruction        arrow   Instruction
            Answer with ...
            user: good                     Text: good                 Text -> Label
            assistant: positive            Label: positive            good -> positive
            user: bad                                                 bad ->
                                           Text: bad
                                           Label:

In a chat the label is the assistant's whole message; in the text layouts it continues the text after one blank.
Values stand as they are, so a text with line breaks may look like further examples; that misleads about itself only.
"""

from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from elixirml.contracts import Demo, Field, FormatCall, ModelRequest, Signature
from elixirml.errors import ConfigError
from elixirml_adapters.conversation import Turn, converse
from elixirml_adapters.rendering import (
    capitalised,
    feedback_data,
    feedback_note,
    paragraphs,
    present,
    value_text,
    worked,
)

__all__ = ["LAYOUTS", "TEXT_LAYOUTS", "ChoiceTask"]

TEXT_LAYOUTS: Final = ("plain", "arrow")
"""The layouts that are texts to continue."""

LAYOUTS: Final = ("chat", *TEXT_LAYOUTS)
"""All layouts, the default first."""


@frozen
class ChoiceTask:
    """A signature with one output that is one of a list of texts, and the wording chosen for it.

    Attributes:
        signature: The task.
        output: Its only output.
        layout: One of `LAYOUTS`.
        input_name: What the text layouts call a single input; several go by their own names.
        output_name: What they call the output.
        list_labels: Whether they name the labels after the instruction; a chat always does.
    """

    signature: Signature
    output: Field
    layout: str
    input_name: str | None = None
    output_name: str | None = None
    list_labels: bool = False

    @classmethod
    def of(cls, signature: Signature, options: Mapping[str, Any]) -> "ChoiceTask":
        """Return the task of a signature under settled options.

        Raises:
            ConfigError: The signature has several outputs, or its output is not one of a list of texts.
        """
        if len(signature.outputs) != 1 or not signature.outputs[0].choices:
            outputs = ", ".join(each.name for each in signature.outputs)
            raise ConfigError(
                f"The adapter `choice` needs exactly one output that is one of a list of texts; `{signature.name}` has "
                f"the outputs: {outputs}.",
                hint='Declare the output as Literal["first", "second"], or choose the adapter `sections`.',
                code="adapter-unsuited",
            )
        wording = {name: options[name] for name in ("layout", "input_name", "output_name", "list_labels")}
        return cls(signature, signature.outputs[0], **wording)

    @property
    def labels(self) -> tuple[str, ...]:
        """The texts to choose from."""
        return self.output.choices

    @property
    def in_text(self) -> bool:
        """Whether the layout is a text to continue."""
        return self.layout in TEXT_LAYOUTS

    def continuation(self, label: str) -> str:
        """Return exactly what the model has to write for a label."""
        return f" {label}" if self.in_text else label

    def prompt(self, call: FormatCall) -> ModelRequest:
        """Return the request for one example, before it is said how the label is decoded."""
        demos = worked(self.signature, call.demos)
        if not self.in_text:
            chat = converse(
                self._system(),
                demos=[Turn(self._said(demo.inputs), self._label(demo)) for demo in demos],
                example=paragraphs(self._said(call.values), feedback_note(call.feedback)),
            )
            return ModelRequest(messages=chat.messages, stable=chat.stable)
        gap = "\n\n" if self.layout == "plain" else "\n"
        shown = (f"{self._question(demo.inputs)}{self.continuation(self._label(demo))}{gap}" for demo in demos)
        front = self._front() + "".join(shown)
        note = feedback_data(call.feedback) if call.feedback else ""
        return ModelRequest(text=front + self._question(call.values, note=note), stable=len(front))

    def _system(self) -> str:
        return paragraphs(self.signature.instruction, self.output.description, self._listed())

    def _listed(self) -> str:
        return f"Answer with exactly one of: {', '.join(self.labels)}"

    def _said(self, values: Mapping[str, Any]) -> str:
        """Return what the user says: a single input as it is, several as lines with their names."""
        shown = present(self.signature.inputs, values)
        if len(self.signature.inputs) == 1:
            return "".join(value_text(value) for _, value in shown)
        return "\n".join(f"{capitalised(each.name)}: {value_text(value)}" for each, value in shown)

    def _label(self, demo: Demo) -> str:
        return value_text(demo.outputs[self.output.name])

    def _names(self) -> list[str]:
        """Return what the inputs are called."""
        if len(self.signature.inputs) == 1 and self.input_name:
            return [self.input_name]
        return [capitalised(each.name) for each in self.signature.inputs]

    def _answer_name(self) -> str:
        return self.output_name or capitalised(self.output.name)

    def _front(self) -> str:
        """Return what stands before the demos."""
        head = [self.signature.instruction, self._listed() if self.list_labels else ""]
        front = "".join(f"{part}\n\n" for part in head if part)
        if self.layout == "arrow":
            front += f"{' | '.join(self._names())} -> {self._answer_name()}\n"
        return front

    def _question(self, values: Mapping[str, Any], *, note: str = "") -> str:
        """Return an example up to the place where its label begins; a note stands between the values and that place."""
        shown = [
            (name, value_text(values[each.name]))
            for name, each in zip(self._names(), self.signature.inputs, strict=True)
            if each.name in values
        ]
        if self.layout == "arrow":
            return " ".join(part for part in (" | ".join(text for _, text in shown), note, "->") if part)
        lines = [f"{name}: {text}" for name, text in shown]
        return "\n".join([*lines, *([f"Refused: {note}"] if note else []), f"{self._answer_name()}:"])
