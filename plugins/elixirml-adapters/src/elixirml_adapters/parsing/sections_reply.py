"""Reads replies whose fields stand under headers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from elixirml_adapters.parsing.failure import bounded
from elixirml_adapters.parsing.fitting import agree, fill_absent
from elixirml_adapters.parsing.headers import Headers, headers_of
from elixirml_adapters.parsing.plain_text import fit_plain_text
from elixirml_adapters.parsing.shapes import Field, record_of
from elixirml_adapters.parsing.thinking import answer_of

__all__ = ["parse_sections_reply"]


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
    record = record_of(schema)
    headers = headers_of(template, tuple(each.name for each in record.fields), end)
    given = record.names.gather_alike(_sections(text, headers))
    fitted: dict[str, Any] = {}
    for field in record.fields:
        if texts := given.get(field.name):
            fitted[field.name] = _fit_texts(texts, field)
        else:
            fill_absent(field, fitted, ())
    return fitted


def _fit_texts(texts: Sequence[str], field: Field) -> Any:
    path = (field.name,)
    return agree(list(dict.fromkeys(texts)), lambda text: fit_plain_text(text, field.shape, path), path)


def _sections(text: str, headers: Headers) -> Iterator[tuple[str, str]]:
    """Yield the name in each header and the trimmed text under it, up to the end marker."""
    name, start = "", len(text)
    for header in headers.all(text):
        if name:
            yield name, text[start : header.start()].strip()
        name, start = header["name"], header.end()
        if headers.is_end(header):
            return
    if name:
        yield name, text[start:].strip()
