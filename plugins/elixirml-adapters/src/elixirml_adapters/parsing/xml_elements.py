"""Finds elements in a reply that is XML more or less."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from elixirml_adapters.parsing.failure import ParseFailure
from elixirml_adapters.parsing.landmarks import Landmarks
from elixirml_adapters.parsing.names import fold
from elixirml_adapters.parsing.unfinished import unfinished

__all__ = [
    "CDATA",
    "ENTITY",
    "INSIDE",
    "OUTSIDE",
    "UNFINISHED_ENTITY",
    "UNFINISHED_MARKUP",
    "UNFINISHED_TAG",
    "Element",
    "closes_itself",
    "decoded",
    "elements",
    "end_pattern",
    "holds_tags",
    "meaning",
]

# No `<` inside a tag, as in XML: so no tag is ever walked through twice.
_NAME = r"[^\W\d][\w.:-]*"
_ATTRIBUTES = r"(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*"
_TAG = rf"<(?P<close>/?)(?P<name>{_NAME})(?=[\s/>])(?P<attributes>{_ATTRIBUTES})>"
CDATA = "<![CDATA["
INSIDE = re.compile(rf"<!\[CDATA\[|{_TAG}")
"""What matters inside a field: a CDATA section's beginning, or a tag."""

OUTSIDE = re.compile(rf"<!--|<!\[CDATA\[|<\?|<!|{_TAG}")
"""What matters outside fields: other markup's beginning, or a tag."""

UNFINISHED_TAG = re.compile(
    rf"<(?:\Z|/?(?:\Z|(?P<name>{_NAME})(?:\Z|(?=[\s/>]){_ATTRIBUTES}(?:\"[^\"<]*|'[^'<]*)?\Z)))"
)
"""The beginning of a tag at the end of a text."""

UNFINISHED_MARKUP = re.compile(rf"{unfinished('<', '!', '-', '-')}|{unfinished(*map(re.escape, CDATA))}")
"""The beginning of a comment or CDATA section at the end of a text."""

ENTITY = re.compile(r"&(?:(lt|gt|amp|quot|apos)|#0{0,99}([0-9]{1,7})|#[xX]0{0,99}([0-9a-fA-F]{1,6}));")
"""A named or numeric entity."""

UNFINISHED_ENTITY = re.compile(
    r"&(?:\Z|(?:l|g|a|am|q|qu|quo|ap|apo|lt|gt|amp|quot|apos)\Z|#(?:0{0,99}[0-9]{0,7}|[xX]0{0,99}[0-9a-fA-F]{0,6})\Z)"
)
"""The beginning of an entity at the end of a text."""

ENDS = {"<!--": "-->", CDATA: "]]>", "<?": "?>", "<!": ">"}
_SUBSET = re.compile(r"<![^<>\[]*\[")
_SUBSET_END = r"\]\s*>"
_KEY = re.compile(r"(?:^|\s)key\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_LAST_CODE_POINT = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


# Not frozen: a reply may hold very many, and frozen instances are slow to make. Nothing changes them.
@dataclass(slots=True)
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
    known: dict[str, bool] = {}
    position = 0
    while tag := OUTSIDE.search(source, position):
        name = tag["name"]
        if name is None:
            position = scanner.end_of_markup(tag)
        elif tag["close"] or not _remembered(name, wanted, known):
            position = tag.end()
        elif closes_itself(tag):
            position = tag.end()
            yield Element(name, tag["attributes"].rstrip()[:-1], "")
        else:
            inner_end, position = scanner.closing_tag(tag)
            yield Element(name, tag["attributes"], source[tag.end() : inner_end])


def _remembered(name: str, wanted: Callable[[str], bool], known: dict[str, bool]) -> bool:
    if name not in known:
        known[name] = wanted(name)
    return known[name]


def holds_tags(source: str) -> bool:
    """Return whether there is any tag in the source."""
    return any(tag["name"] is not None for tag in INSIDE.finditer(source))


def decoded(source: str) -> str:
    """Return the text that the source stands for; entities are decoded once, CDATA is literal.

    Example:
        >>> decoded("R&D &amp;lt; <![CDATA[&lt;]]>")
        'R&D &lt; &lt;'
    """
    if "&" not in source and CDATA not in source:
        return source
    parts: list[str] = []
    at = 0
    while (start := source.find(CDATA, at)) >= 0 and (end := source.find("]]>", start)) >= 0:
        parts += [ENTITY.sub(meaning, source[at:start]), source[start + len(CDATA) : end]]
        at = end + 3
    return "".join([*parts, ENTITY.sub(meaning, source[at:])])


class _Scanner:
    """Finds where markup ends."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._landmarks: dict[str, Landmarks] = {}
        self._folded: dict[str, str] = {}

    def end_of_markup(self, opener: re.Match[str]) -> int:
        """Return the end of a comment, CDATA section or declaration; what never ends is no markup."""
        sign = opener[0]
        end = self._after(end_pattern(self._source, opener), opener.end())
        if end == len(self._source):
            return end if sign == "<!--" else opener.end()
        return self._source.index(">", end) + 1

    def closing_tag(self, opener: re.Match[str]) -> tuple[int, int]:
        """Return where the tag that closes the element starts and ends; elements of the same name are counted."""
        name = opener["name"]
        depth, position = 1, opener.end()
        start = self._source.find("<", position)
        if self._source.startswith(closer := f"</{name}>", start):  # most elements hold text alone
            return start, start + len(closer)
        folded = self._fold(name)
        while tag := INSIDE.search(self._source, position):
            position = tag.end()
            if tag["name"] is None:
                end = self._after(re.escape(ENDS[CDATA]), position)
                position = position if end == len(self._source) else end
            elif self._fold(tag["name"]) == folded and not closes_itself(tag):
                depth += -1 if tag["close"] else 1
                if depth == 0:
                    return tag.span()
        raise ParseFailure("truncated", (), f"The reply ends inside <{opener['name']}>.")

    def _fold(self, name: str) -> str:
        if name not in self._folded:
            self._folded[name] = fold(name)
        return self._folded[name]

    def _after(self, pattern: str, position: int) -> int:
        if pattern not in self._landmarks:
            self._landmarks[pattern] = Landmarks(self._source, re.compile(pattern))
        return self._landmarks[pattern].after(position)


def end_pattern(source: str, opener: re.Match[str]) -> str:
    """Return the pattern of what ends a comment, CDATA section or declaration."""
    if opener[0] == "<!" and _SUBSET.match(source, opener.start()):
        return _SUBSET_END
    return re.escape(ENDS[opener[0]])


def closes_itself(tag: re.Match[str]) -> bool:
    """Return whether the tag opens and closes its element."""
    return bool(tag["attributes"]) and tag["attributes"].rstrip().endswith("/")


def meaning(entity: re.Match[str]) -> str:
    """Return the sign that an entity stands for; the entity where it stands for none."""
    name, decimal, hexadecimal = entity.groups()
    if name:
        return _NAMED[name]
    code = int(decimal) if decimal else int(hexadecimal, 16)
    known = 0 < code <= _LAST_CODE_POINT and code not in _SURROGATES
    return chr(code) if known else entity[0]
