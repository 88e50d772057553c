"""Which of some constants a text means."""

from collections.abc import Sequence
from typing import Any, Final

from elixirml_tools.given import ArgumentsError, Path, describe, same
from elixirml_tools.spelling import fold, is_null_word, read_number

__all__ = ["choose"]

_DRESS: Final = " \t\r\n\f\v\u00a0`*\"'\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b"


def choose(text: str, members: Sequence[Any], path: Path) -> Any:
    """Return the member that a whole text means.

    Outer blanks, quotes, backticks, asterisks and one final stop are no part of it. The exact member comes first, else
    the one of equal folded name or equal number. Nothing is searched for inside a sentence.

    Raises:
        ArgumentsError: `ambiguous` when two members are meant, `not_in_enum` when none is.

    Example:
        >>> choose("Positive.", ["positive", "negative"], ())
        'positive'
    """
    undressed = text.strip(_DRESS)
    spellings = (undressed, undressed.removesuffix(".").strip(_DRESS))
    for spelling in spellings:
        if spelling in [each for each in members if isinstance(each, str)]:
            return spelling
    meant: list[Any] = []
    for member in members:
        if any(_means(each, member) for each in spellings) and not any(same(member, other) for other in meant):
            meant.append(member)
    if len(meant) > 1:
        raise ArgumentsError("ambiguous", path, f"{describe(text)} may mean any of {', '.join(map(repr, meant))}.")
    if not meant:
        listed = ", ".join(map(repr, members))
        raise ArgumentsError("not_in_enum", path, f"expected one of {listed}, found {describe(text)}.")
    return meant[0]


def _means(spelling: str, member: Any) -> bool:
    if member is None:
        return is_null_word(spelling)
    if isinstance(member, bool):
        return fold(spelling) == str(member).lower()
    if isinstance(member, int | float):
        return read_number(spelling) == member
    return isinstance(member, str) and bool(folded := fold(spelling)) and folded == fold(member)
