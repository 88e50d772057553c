"""Pure parsers of model replies: text and a schema in, typed fields or a `ParseFailure` out."""

from elixirml_adapters.parsing.failure import CODES, ParseFailure
from elixirml_adapters.parsing.json_reply import parse_json_reply
from elixirml_adapters.parsing.plain_text import fit_text
from elixirml_adapters.parsing.sections_reply import parse_sections_reply
from elixirml_adapters.parsing.shapes import is_free_text
from elixirml_adapters.parsing.thinking import answer_of
from elixirml_adapters.parsing.xml_reply import parse_xml_reply

__all__ = [
    "CODES",
    "ParseFailure",
    "answer_of",
    "fit_text",
    "is_free_text",
    "parse_json_reply",
    "parse_sections_reply",
    "parse_xml_reply",
]
