"""Searches for a regular expression in time linear in the text.

The algorithm is that of K. Thompson, "Regular expression search algorithm", Communications of the ACM, 1968. All ways
to match are followed at once, one character after the other, instead of one way after the other. That costs more for
simple expressions and can never explode.
"""

import re
from typing import Final

from attrs import frozen

from elixirml_schemas.regexes.syntax import Backreference, Edge, Group, Look, Node, OneOf, Repeat, Sequence, Sign

__all__ = ["Automaton"]

_FOUND: Final = 0
_MOST: Final = 4000


@frozen
class _Step:
    """Takes one character of a set."""

    accepts: re.Pattern[str]
    after: int


@frozen
class _Gate:
    """Is passed where an end of the text or of a word is."""

    opens: re.Pattern[str]
    after: int


@frozen(eq=False)
class _Fork:
    """Leads to several states at once; the list is filled when a loop is closed."""

    after: list[int]


class _TooMuch(Exception):
    """An automaton would have too many states, or cannot do what the expression asks for."""


class Automaton:
    """A regular expression as a set of states.

    Example:
        >>> from elixirml_schemas.regexes.syntax import parse
        >>> Automaton.of(parse("^(a+)+$")).found_in("a" * 10_000 + "b")
        False
    """

    def __init__(self, tree: Node) -> None:
        self._states: list[_Step | _Gate | _Fork | None] = [None]
        self._start = self._build(tree, _FOUND)

    @classmethod
    def of(cls, tree: Node) -> "Automaton | None":
        """Return the automaton, or None when it cannot be one: references and looks around need another way."""
        try:
            return cls(tree)
        except _TooMuch:
            return None

    def found_in(self, text: str) -> bool:
        """Return whether the expression matches anywhere in a text."""
        known: dict[tuple[int, str], bool] = {}
        current: set[int] = set()
        for at in range(len(text) + 1):
            reached = self._reached({*current, self._start}, text, at)
            if _FOUND in reached:
                return True
            current = self._taken(reached, text[at : at + 1], known)
        return False

    def _reached(self, waiting: set[int], text: str, at: int) -> set[int]:
        """Return all states that can be had without taking a character."""
        reached: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number not in reached:
                reached.add(number)
                waiting |= self._without_character(number, text, at)
        return reached

    def _without_character(self, number: int, text: str, at: int) -> set[int]:
        match self._states[number]:
            case _Fork(after=after):
                return set(after)
            case _Gate(opens=opens, after=behind) if opens.match(text, at):
                return {behind}
            case _:
                return set()

    def _taken(self, reached: set[int], sign: str, known: dict[tuple[int, str], bool]) -> set[int]:
        after: set[int] = set()
        for number in reached:
            state = self._states[number]
            if isinstance(state, _Step):
                fits = known.get((number, sign))
                if fits is None:
                    fits = known[number, sign] = state.accepts.fullmatch(sign) is not None
                if fits:
                    after.add(state.after)
        return after

    def _add(self, state: _Step | _Gate | _Fork) -> int:
        if len(self._states) >= _MOST:
            raise _TooMuch
        self._states.append(state)
        return len(self._states) - 1

    def _build(self, node: Node, after: int) -> int:
        """Add the states of a part that go on to `after`, and return the first."""
        match node:
            case Sign(source=source):
                return self._add(_Step(re.compile(source, re.ASCII), after))
            case Edge(source=source):
                return self._add(_Gate(re.compile(source, re.ASCII), after))
            case Sequence(parts=parts):
                for each in reversed(parts):
                    after = self._build(each, after)
                return after
            case OneOf(options=options):
                return self._add(_Fork([self._build(each, after) for each in options]))
            case Group(body=body):
                return self._build(body, after)
            case Repeat():
                return self._repeat(node, after)
            case Backreference() | Look():
                raise _TooMuch

    def _repeat(self, node: Repeat, after: int) -> int:
        if node.high is None:
            loop = _Fork([after])
            first = self._add(loop)
            loop.after.append(self._build(node.body, first))
        else:
            first = after
            for _ in range(node.high - node.low):
                first = self._add(_Fork([after, self._build(node.body, first)]))
        for _ in range(node.low):
            first = self._build(node.body, first)
        return first
