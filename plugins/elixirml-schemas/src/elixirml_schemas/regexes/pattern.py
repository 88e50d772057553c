"""A pattern of JSON Schema: Python's `re` where it cannot run away, and an automaton where it might."""

import re
from functools import cached_property
from typing import Final

from elixirml.errors import DeclarationError
from elixirml_schemas.regexes.automaton import Automaton
from elixirml_schemas.regexes.syntax import Group, Look, Node, OneOf, Repeat, Sequence, parse
from elixirml_schemas.regexes.translation import translated

__all__ = ["TextPattern"]

_STEPS: Final = 1_000_000
"""How many steps Python's `re` may take at worst before the automaton is asked."""
_LONGEST_TANGLED: Final = 12
"""How long a text may be for `re` where the steps double with each character."""


class TextPattern:
    r"""A regular expression of ECMA-262 that is searched for in texts.

    Expressions with references to groups or with looks around have no automaton. For those, and for those with more
    than a few thousand states, nothing bounds the time.

    Raises:
        DeclarationError: The text is no regular expression.

    Example:
        >>> TextPattern("^[a-z]+$").found_in("word\n")
        False
    """

    def __init__(self, source: str) -> None:
        self._tree = parse(source)
        self._tangled = _is_tangled(self._tree)
        self._loops = _loops(self._tree)
        try:
            self._regex = re.compile(translated(self._tree), re.ASCII)
        except (re.error, OverflowError) as error:
            raise DeclarationError(
                f"The pattern {source[:100]!r} cannot be used: {error}.", code="json-schema"
            ) from error

    def found_in(self, text: str) -> bool:
        """Return whether it matches anywhere in a text."""
        if self._may_run_away(len(text)) and self._automaton is not None:
            return self._automaton.found_in(text)
        return self._regex.search(text) is not None

    def _may_run_away(self, size: int) -> bool:
        # Each loop may end at each place, and the search may begin at each: so many ways are tried at worst.
        return size > _LONGEST_TANGLED if self._tangled else size ** (self._loops + 1) > _STEPS

    @cached_property
    def _automaton(self) -> Automaton | None:
        return Automaton.of(self._tree)


def _is_choice(node: Node) -> bool:
    return isinstance(node, OneOf) or (isinstance(node, Repeat) and node.low != node.high)


def _inner(node: Node) -> tuple[Node, ...]:
    match node:
        case Sequence(parts=inner) | OneOf(options=inner):
            return inner
        case Repeat(body=body) | Group(body=body) | Look(body=body):
            return (body,)
        case _:
            return ()


def _loops(node: Node) -> int:
    """Return how many repetitions leave open how often."""
    return (isinstance(node, Repeat) and node.low != node.high) + sum(_loops(each) for each in _inner(node))


def _is_tangled(node: Node) -> bool:
    """Return whether something is repeated that may be matched in several ways."""
    if isinstance(node, Repeat) and node.high not in {0, 1} and _has_choice(node.body):
        return True
    return any(_is_tangled(each) for each in _inner(node))


def _has_choice(node: Node) -> bool:
    return _is_choice(node) or any(_has_choice(each) for each in _inner(node))
