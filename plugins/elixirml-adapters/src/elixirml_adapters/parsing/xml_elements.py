"""Finds elements in a reply that is XML more or less."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from elixirml_adapters.parsing.failure import ParseFailure
from elixirml_adapters.parsing.landmarks import Landmarks
from elixirml_adapters.parsing.names import fold

__all__ = ["Element", "decoded", "elements", "holds_tags"]

# No `<` inside a tag, as in XML: so no tag is ever walked through twice.
_TAG = (
    r"<(?P<close>/?)(?P<name>[^\W\d][\w.:-]*)(?=[\s/>])"
    r"(?P<attributes>(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>"
)
_CDATA = "<![CDATA["
_INSIDE = re.compile(rf"<!\[CDATA\[|{_TAG}")
_OUTSIDE = re.compile(rf"<!--|<!\[CDATA\[|<\?|<!|{_TAG}")
_ENDS = {"<!--": "-->", _CDATA: "]]>", "<?": "?>", "<!": ">"}
_SUBSET = re.compile(r"<![^<>\[]*\[")
_SUBSET_END = r"\]\s*>"
_KEY = re.compile(r"(?:^|\s)key\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#0*([0-9]{1,7})|#[xX]0*([0-9a-fA-F]{1,6}));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag name, the source of its attributes and what stands between its tags."""

    name: str
    attributes: str
    source: str

    @property
    def text(self) -> str:
        """The trimmed inner source with entities decoded and CDATA taken literally."""
        return decoded(self.source.strip())

    @property
    def key(self) -> str:
        """What the element is called in a map: its `key` if it is an entry with one, else its tag name."""
        match = _KEY.search(self.attributes) if fold(self.name) == "entry" else None
        return self.name if match is None else decoded(match[1] if match[1] is not None else match[2])


def elements(source: str, wanted: Callable[[str], bool]) -> Iterator[Element]:
    """Yield the outermost wanted elements; other elements are passed through, comments and declarations skipped.

    Args:
        source: Where to look.
        wanted: Tells by the tag name whether an element is wanted.

    Raises:
        ParseFailure: `truncated` when a wanted element is never closed.
    """
    scanner = _Scanner(source)
    position = 0
    while tag := _OUTSIDE.search(source, position):
        if tag["name"] is None:
            position = scanner.end_of_markup(tag)
        elif tag["close"] or not wanted(tag["name"]):
            position = tag.end()
        elif _closes_itself(tag):
            position = tag.end()
            yield Element(tag["name"], tag["attributes"].rstrip()[:-1], "")
        else:
            closing = scanner.closing_tag(tag)
            position = closing.end()
            yield Element(tag["name"], tag["attributes"], source[tag.end() : closing.start()])


def holds_tags(source: str) -> bool:
    """Return whether there is any tag in the source."""
    return any(tag["name"] is not None for tag in _INSIDE.finditer(source))


def decoded(source: str) -> str:
    """Return the text that the source stands for; entities are decoded once, CDATA is literal.

    Example:
        >>> decoded("R&D &amp;lt; <![CDATA[&lt;]]>")
        'R&D &lt; &lt;'
    """
    head, *sections = source.split(_CDATA)
    decoded_parts = [_ENTITY.sub(_meaning, head)]
    for section in sections:
        literal, end, rest = section.partition("]]>")
        decoded_parts.append(literal + _ENTITY.sub(_meaning, rest) if end else _ENTITY.sub(_meaning, _CDATA + section))
    return "".join(decoded_parts)


class _Scanner:
    """Finds where markup ends."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._landmarks: dict[str, Landmarks] = {}

    def end_of_markup(self, opener: re.Match[str]) -> int:
        """Return the end of a comment, CDATA section or declaration; what never ends is no markup."""
        start, sign = opener.start(), opener[0]
        pattern = re.escape(_ENDS[sign])
        if sign == "<!" and _SUBSET.match(self._source, start):
            pattern = _SUBSET_END
        end = self._after(pattern, opener.end())
        if end == len(self._source):
            return end if sign == "<!--" else opener.end()
        return self._source.index(">", end) + 1

    def closing_tag(self, opener: re.Match[str]) -> re.Match[str]:
        """Return the tag that closes the element; elements of the same name are counted."""
        name = fold(opener["name"])
        depth, position = 1, opener.end()
        while tag := _INSIDE.search(self._source, position):
            position = tag.end()
            if tag["name"] is None:
                end = self._after(re.escape(_ENDS[_CDATA]), position)
                position = position if end == len(self._source) else end
            elif not _closes_itself(tag) and fold(tag["name"]) == name:
                depth += -1 if tag["close"] else 1
            if depth == 0:
                return tag
        raise ParseFailure("truncated", (), f"The reply ends inside <{opener['name']}>.")

    def _after(self, pattern: str, position: int) -> int:
        if pattern not in self._landmarks:
            self._landmarks[pattern] = Landmarks(self._source, re.compile(pattern))
        return self._landmarks[pattern].after(position)


def _closes_itself(tag: re.Match[str]) -> bool:
    return bool(tag["attributes"].rstrip().endswith("/"))


def _meaning(entity: re.Match[str]) -> str:
    name, decimal, hexadecimal = entity.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    known = 0 < code <= _LAST_CODE_POINT and code not in _SURROGATES
    return chr(code) if known else entity[0]
