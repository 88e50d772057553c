"""Which member of an enumeration a text means."""

from collections.abc import Sequence
from typing import Any

from elixirml_adapters.parsing.failure import ParseFailure, Path
from elixirml_adapters.parsing.names import fold
from elixirml_adapters.parsing.scalars import is_null_word, read_number
from elixirml_adapters.parsing.values import describe, same

__all__ = ["choose_member", "not_a_member"]

_DRESS = " \t\r\n\f\v\u00a0`*\"'\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b"


def choose_member(text: str, members: Sequence[Any], path: Path) -> Any:
    """Return the member that the whole text means.

    Outer blanks, quotes, backticks, asterisks and one final stop are no part of the name. The exact member comes
    first, else the one of equal folded name or equal number. Nothing is searched for inside a sentence.

    Raises:
        ParseFailure: `ambiguous` when two members are meant, `not_in_enum` when none is.
    """
    undressed = text.strip(_DRESS)
    spellings = (undressed, undressed.removesuffix(".").strip(_DRESS))
    for spelling in spellings:
        if any(isinstance(member, str) and member == spelling for member in members):
            return spelling
    meant = _distinct([member for member in members if any(_resembles(member, each) for each in spellings)])
    if len(meant) > 1:
        raise ParseFailure("ambiguous", path, f"{describe(text)} may mean any of {_listed(meant)}.")
    if meant:
        return meant[0]
    if is_null_word(text) and any(member is None for member in members):
        return None
    raise not_a_member(describe(text), members, path)


def not_a_member(found: str, members: Sequence[Any], path: Path) -> ParseFailure:
    """Return the failure for a value that is no member."""
    return ParseFailure("not_in_enum", path, f"expected one of {_listed(members)}, found {found}.")


def _resembles(member: Any, spelling: str) -> bool:
    if isinstance(member, bool):
        return fold(spelling) == str(member).lower()
    if isinstance(member, int | float):
        return read_number(spelling) == member
    return isinstance(member, str) and bool(folded := fold(spelling)) and folded == fold(member)


def _distinct(members: Sequence[Any]) -> list[Any]:
    kept: list[Any] = []
    for member in members:
        if not any(same(member, other) for other in kept):
            kept.append(member)
    return kept


def _listed(members: Sequence[Any]) -> str:
    return ", ".join(repr(member) for member in members)
