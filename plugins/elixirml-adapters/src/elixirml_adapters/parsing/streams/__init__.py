"""Readers of replies that arrive in pieces: text in, pieces of fields out.

Each reader gives the same whatever the cuts. It holds back only what is undecided: what may yet be a marker, a tag, the
end of a value, or blanks around one.
"""

from elixirml_adapters.parsing.streams.json_stream import JsonStream
from elixirml_adapters.parsing.streams.sections_stream import SectionsStream
from elixirml_adapters.parsing.streams.text_stream import TextStream
from elixirml_adapters.parsing.streams.tools_stream import ToolsStream
from elixirml_adapters.parsing.streams.xml_stream import XmlStream

__all__ = ["JsonStream", "SectionsStream", "TextStream", "ToolsStream", "XmlStream"]
