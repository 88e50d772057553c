"""Texts that nobody wanted: what a model may reply, whatever it was asked for."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final

__all__ = ["for_all_texts", "junk"]

_NASTY: Final = (
    "",
    " \n\t",
    "I cannot help with that.",
    "{",
    "}{",
    "[" * 300,
    '{"a": ' * 300,
    "<think>",
    "<think>well</think>",
    "<answer>",
    "</answer><answer>",
    "[[ ## ",
    "```json\n",
    "null",
    "\ufeff",
    "\x00\x01",
    "\U0001f600" * 50,
    "NaN",
    "-" * 2000,
)
_SIGNS: Final = "ab01 \n\t\"'{}[]<>/:,#`\\-*.\u00e9\u4e2d\U0001f600\u2028"
_RANDOM: Final = 60


def junk(good: str, *, seed: int = 0) -> Iterator[str]:
    """Yield awkward texts, random ones, and a right reply with something cut, doubled or put in."""
    rng = Random(seed)
    yield from _NASTY
    for _ in range(_RANDOM):
        yield "".join(rng.choices(_SIGNS, k=rng.randint(1, 60)))
        at, to = sorted(rng.randint(0, len(good)) for _ in range(2))
        yield rng.choice(
            [
                good[:at],
                good[at:],
                good[:at] + good[to:],
                good[:to] + good[at:],
                good[:at] + rng.choice(_SIGNS) + good[at:],
            ]
        )


def for_all_texts(check: Callable[[str], None], *, good: str) -> None:
    """Check junk made of a right reply, and where hypothesis is installed whatever texts it thinks of."""

    def tried(text: str) -> None:
        check(text)

    for text in junk(good):
        check(text)
    try:
        from hypothesis import given, settings
        from hypothesis import strategies as st
    except ImportError:
        return
    texts = (
        st.text()
        | st.text(_SIGNS)
        | st.integers(0, len(good)).flatmap(lambda at: st.text().map(lambda x: good[:at] + x))
    )
    settings(max_examples=60, deadline=None, derandomize=True, database=None)(given(texts)(tried))()
