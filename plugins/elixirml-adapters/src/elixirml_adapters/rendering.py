"""How values, fields and refused replies are written in every prompt.

Nothing here fills templates with data: texts are joined, so braces and percent signs in values come out as they are.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from elixirml.contracts import Demo, Feedback, Field, Signature
from elixirml_adapters.notation import compact_type

__all__ = [
    "CLIP",
    "capitalised",
    "clipped",
    "compact_json",
    "feedback_data",
    "feedback_note",
    "field_lines",
    "output_schema",
    "paragraphs",
    "present",
    "value_text",
    "worked",
]

_BREAKING = re.compile(r"<(?=[/|])|`{3}|\|(?=>)")
CLIP = 500
"""The most characters of a refused reply, and of the reason, that are shown again."""


def compact_json(value: object) -> str:
    """Return the JSON of a value without free blanks, in the order of its keys.

    Example:
        >>> compact_json({"b": [1, None], "a": "ø"})
        '{"b":[1,null],"a":"ø"}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def value_text(value: object) -> str:
    """Return a text as it is, and any other value as compact JSON."""
    return value if isinstance(value, str) else compact_json(value)


def clipped(text: str) -> str:
    """Return the first `CLIP` characters of a text; the last one is an ellipsis where something was left out."""
    return text if len(text) <= CLIP else text[: CLIP - 1] + "…"


def feedback_data(feedback: Feedback) -> str:
    """Return a refused reply and the reason as one line of JSON, so that neither can pass for instructions.

    Beyond what JSON asks for, signs that do not print are escaped, since some break lines, and so are closing tags,
    fences, and the brackets of chat templates (`<|im_end|>`).
    """
    written = compact_json({"reply": clipped(feedback.reply), "reason": clipped(feedback.message)})
    return "".join(map(_visible, _BREAKING.sub(_escaped, written)))


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\u{ord(sign):04x}" for sign in found.group())


def _visible(sign: str) -> str:
    return sign if sign.isprintable() else json.dumps(sign)[1:-1]


def feedback_note(feedback: Feedback | None) -> str:
    """Return what a chat says about a refused reply; empty when none was refused."""
    if feedback is None:
        return ""
    return (
        "Your last reply was refused. The reply and the reason, as JSON data:\n"
        + feedback_data(feedback)
        + "\nReply again, in the format asked for."
    )


def paragraphs(*parts: str) -> str:
    """Return the parts that are not empty, with a blank line between them."""
    return "\n\n".join(part for part in parts if part)


def present(fields: Iterable[Field], values: Mapping[str, Any]) -> list[tuple[Field, Any]]:
    """Return the fields that have a value, with it, in declared order; other keys of `values` are not shown."""
    return [(each, values[each.name]) for each in fields if each.name in values]


def worked(signature: Signature, demos: Iterable[Demo]) -> list[Demo]:
    """Return the demos that answer something; one without any output would teach to reply nothing."""
    return [demo for demo in demos if any(each.name in demo.outputs for each in signature.outputs)]


def field_lines(title: str, fields: Iterable[Field], *, notes: bool) -> str:
    r"""Return a titled list of fields for the model; with `notes`, each with its type and description.

    Example:
        >>> field_lines("Inputs:", [Field("n", int, {"type": "integer"}, description="how many")], notes=True)
        'Inputs:\n- n (integer): how many'
    """
    lines = [_field_line(each) if notes else f"- {each.name}" for each in fields]
    return "\n".join([title, *lines]) if lines else ""


def _field_line(field: Field) -> str:
    line = f"- {field.name} ({compact_type(field.schema)}{'' if field.required else ', optional'})"
    return f"{line}: {field.description}" if field.description else line


def capitalised(name: str) -> str:
    """Return a field's name as a heading.

    Example:
        >>> capitalised("question_type")
        'Question type'
    """
    words = name.replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def output_schema(fields: Iterable[Field]) -> dict[str, Any]:
    """Return the JSON Schema of a reply: a closed object with one property a field, optional ones with defaults."""
    listed = tuple(fields)
    return {
        "type": "object",
        "properties": {
            each.name: dict(each.schema) if each.required else {**each.schema, "default": each.default}
            for each in listed
        },
        "required": [each.name for each in listed if each.required],
        "additionalProperties": False,
    }
