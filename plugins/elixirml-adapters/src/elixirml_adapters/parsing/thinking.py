"""What a model says before its answer: byte order mark and thinking blocks."""

import re
from collections.abc import Collection

from elixirml_adapters.parsing.failure import ParseFailure

__all__ = ["CLOSERS", "OPENER", "TAG", "THINKING_TAGS", "answer_of", "drop_orphan_thinking"]

THINKING_TAGS = ("think", "thinking")
"""The elements that hold thoughts."""

OPENER = re.compile(r"<(think|thinking)\s*>", re.IGNORECASE)
"""What begins thoughts."""

CLOSERS = {tag: re.compile(rf"</{tag}\s*>", re.IGNORECASE) for tag in THINKING_TAGS}
"""What ends them, by tag."""

TAG = re.compile(r"<(/?)(?:think|thinking)\s*>", re.IGNORECASE)
"""Either, whatever the tag."""

_BLANKS = re.compile(r"\s*")


def answer_of(reply: str | None, *, tags: Collection[str] = THINKING_TAGS) -> str:
    """Return the reply without byte order mark and leading thinking blocks.

    Args:
        reply: What the model said; None when it said nothing.
        tags: The thinking elements to drop; those that are fields of the format are left out.

    Returns:
        What is left; never blank.

    Raises:
        ParseFailure: `empty` when nothing is left, `truncated` when a thinking block is never closed.
    """
    text = (reply or "").removeprefix("\ufeff")
    answer = text[_after_thinking(text, 0, tags) :]
    if not answer or answer.isspace():
        raise ParseFailure("empty", (), "The reply holds no text outside its thinking.")
    return answer


def drop_orphan_thinking(text: str) -> str:
    """Return the text after thinking that is closed but was never opened (the prompt may have opened it).

    A closing tag counts when no opening tag is left for it, a `{` follows and an even number of `"` precedes.

    Raises:
        ParseFailure: `truncated` when another thinking block follows and is never closed.
    """
    start = counted = quotes = openers = 0
    last_brace = text.rfind("{")
    for tag in TAG.finditer(text, 0, max(last_brace, 0)):
        if tag.start() < start:
            continue
        quotes += text.count('"', counted, tag.start())
        counted = tag.start()
        if not tag[1]:
            openers += 1
        elif openers:
            openers -= 1
        elif quotes % 2 == 0:
            start = counted = _after_thinking(text, tag.end(), THINKING_TAGS)
            quotes = 0
    return text[start:]


def _after_thinking(text: str, start: int, tags: Collection[str]) -> int:
    """Return where the leading thinking blocks at `start` end."""
    while opener := OPENER.match(text, _end_of_blanks(text, start)):
        tag = opener[1].lower()
        if tag not in tags:
            break
        closer = CLOSERS[tag].search(text, opener.end())
        if closer is None:
            raise ParseFailure("truncated", (), f"The reply ends inside its <{tag}> block.")
        start = closer.end()
    return start


def _end_of_blanks(text: str, start: int) -> int:
    match = _BLANKS.match(text, start)
    return match.end() if match else start
