"""Reads replies whose fields stand under headers."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elixirml_adapters.parsing.failure import bounded
from elixirml_adapters.parsing.fitting import agree, fill_absent
from elixirml_adapters.parsing.names import NameIndex, fold
from elixirml_adapters.parsing.plain_text import fit_plain_text
from elixirml_adapters.parsing.shapes import Field, Record, shape_of
from elixirml_adapters.parsing.thinking import answer_of

__all__ = ["parse_sections_reply"]

_BLANK = r"[^\S\n]"
_LINE_END = r"(?=\n|\Z)"
_WORD_ROOM = 40  # signs; names of other fields with longer words, or more than ten, are text


@bounded
def parse_sections_reply(
    reply: str | None, schema: Mapping[str, Any], *, template: str, end: str | None
) -> dict[str, Any]:
    r"""Return the fields of a reply in sections.

    Args:
        reply: What the model said; None when it said nothing.
        schema: An object schema with the fields as `properties`.
        template: What a header looks like, with `{name}` for the field's name: `[[ ## {name} ## ]]`.
        end: The name in the header that ends the reply; None when there is none.

    Returns:
        The fields in schema order; optional ones that are absent and have no default are left out.

    Raises:
        ParseFailure: `empty`, `truncated`, `ambiguous`, `missing_field`, `wrong_type`, `not_in_enum` or `malformed`.

    Example:
        >>> schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        >>> parse_sections_reply("## n ##\n1,000\n## stop ##", schema, template="## {name} ##", end="stop")
        {'n': 1000}
    """
    text = answer_of(reply).replace("\r\n", "\n")
    shape = shape_of(schema)
    record = shape if isinstance(shape, Record) else Record(())
    headers = _Headers(template, record=record, end=end)
    given = record.names.gather_alike(headers.sections(text))
    fitted: dict[str, Any] = {}
    for field in record.fields:
        if texts := given.get(field.name):
            fitted[field.name] = _fit_texts(texts, field)
        else:
            fill_absent(field, fitted, ())
    return fitted


def _fit_texts(texts: Sequence[str], field: Field) -> Any:
    path = (field.name,)
    return agree(texts, lambda text: fit_plain_text(text, field.shape, path), path)


class _Headers:
    """Finds headers of one style: those of fields and the end marker anywhere, others where a line starts."""

    def __init__(self, template: str, *, record: Record, end: str | None) -> None:
        self._names: NameIndex = record.names
        self._end = None if end is None else fold(end)
        known = [field.name for field in record.fields] + ([end] if end else [])
        before, _, after = template.partition("{name}")
        room = max([_WORD_ROOM, *map(len, known)])
        signs = "".join(sorted({re.escape(sign) for name in known for sign in name if not sign.isspace()}))
        word = rf"[\w{signs}-]{{1,{room}}}?"
        name = rf"(?P<name>{word}(?:{_BLANK}{{1,9}}{word}){{0,9}}?)"
        start = rf"(?P<line_start>^{_BLANK}*)"
        if before.strip():  # else a name within a line is just a word, for no sign tells it from one
            start += "?" + _pattern(before.lstrip() + " ")
        end_of_header = _pattern(" " + after.rstrip()) + ("" if after.strip() else _LINE_END)
        self._header = re.compile(start + name + end_of_header, re.MULTILINE)

    def sections(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield the name in each header and the trimmed text under it, up to the end marker."""
        name, start = "", len(text)
        for header in self._headers(text):
            if name:
                yield name, text[start : header.start()].strip()
            name, start = header["name"], header.end()
            if self._is_end(name):
                return
        if name:
            yield name, text[start:].strip()

    def _headers(self, text: str) -> Iterator[re.Match[str]]:
        header = self._header.search(text)
        while header is not None:
            counts = self._names.find(header["name"]) is not None or self._is_end(header["name"])
            counts = counts or header["line_start"] is not None
            if counts:
                yield header
            # The closing sign of what is no header may be the opening sign of one.
            header = self._header.search(text, header.end() if counts else header.start() + 1)

    def _is_end(self, name: str) -> bool:
        return fold(name) == self._end and self._names.find(name) is None


def _pattern(signs: str) -> str:
    """Return the pattern for a part of the template: its blanks may be absent or more."""
    return "".join(map(_piece_pattern, re.findall(r"\s+|\S+", signs)))


def _piece_pattern(piece: str) -> str:
    if not piece.isspace():
        return re.escape(piece)
    return r"\s*" if "\n" in piece else f"{_BLANK}*"
