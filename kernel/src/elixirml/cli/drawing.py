"""A program drawn in a terminal: a row for each input and stage in order, a column for each value on its way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import define, field, frozen

from elixirml.cli.output import table
from elixirml.contracts.schema import Field
from elixirml.programs.compiled import (
    AssertionNode,
    CompiledProgram,
    FunctionNode,
    Node,
    PredictNode,
    ProgramNode,
    called,
    input_slot,
    stage_slot,
    taken,
)

__all__ = ["drawn"]

_FLOW: Final = "flow"
_INPUT: Final = "○"
_STAGE: Final = "●"
_CALLED: Final = "◌"
_ASSERTION: Final = "◆"
_OUTPUT: Final = "◎"

# By whether the line goes on to the left and to the right.
_GOES_ON: Final = {(False, True): "├", (True, True): "┼", (True, False): "┤"}
_ENDS: Final = {(False, True): "╰", (True, True): "┴", (True, False): "╯"}


@frozen
class _Step:
    """A row to be drawn.

    Attributes:
        mark: What stands where its value begins.
        name: Of the input or the stage.
        kind: What it is.
        about: What it gives or says.
        takes: The slots it takes.
        gives: The slot it fills; None for none.
    """

    mark: str
    name: str
    kind: str
    about: str
    takes: tuple[str, ...] = ()
    gives: str | None = None


def drawn(compiled: CompiledProgram) -> str:
    """Return the program as a table with a drawing of how values flow.

    A value goes down its column, to the right where a stage takes it, and ends with the last that does.
    """
    steps = tuple(_steps(compiled))
    lanes = _Lanes(_last_uses(steps))
    flow = [lanes.row(at, each) for at, each in enumerate(steps)]
    width = max(len(_FLOW), *map(len, flow))
    words = table([[each.name, each.kind, each.about] for each in steps], header=["name", "kind", "what"])
    lines = zip((_FLOW, "-" * width, *flow), words.split("\n"), strict=True)
    return "\n".join(f"{drawing.ljust(width)}  {line}" for drawing, line in lines)


def _steps(compiled: CompiledProgram) -> Iterator[_Step]:
    for each in compiled.inputs.fields:
        yield _Step(_INPUT, each.name, "input", each.description, gives=input_slot(each.name))
    for node in compiled.nodes:
        yield _step(node)
    yield _Step(
        _OUTPUT,
        compiled.output.name,
        "output",
        _named(compiled.output.fields),
        tuple(dict.fromkeys(compiled.rule.slots())),
    )


def _step(node: Node) -> _Step:
    slots = tuple(dict.fromkeys(taken(node)))
    calls = ", ".join(called(node))
    match node:
        case PredictNode():
            mark = _CALLED if node.manual else _STAGE
            return _Step(mark, node.name, "predict", _named(node.output.fields), slots, stage_slot(node.name))
        case ProgramNode():
            mark = _CALLED if node.manual else _STAGE
            about = f"{node.compiled.name}: {_named(node.compiled.output.fields)}"
            return _Step(mark, node.name, "program", about, slots, stage_slot(node.name))
        case FunctionNode():
            about = f"calls {calls}" if calls else ""
            return _Step(_STAGE, node.name, "python", about, slots, stage_slot(node.name))
        case AssertionNode():
            again = (
                f"; {node.retries} again, {node.attempts} times in all" if node.retries and node.attempts > 1 else ""
            )
            return _Step(_ASSERTION, node.name, str(node.kind), f"{node.message}{again}", slots)


def _named(fields: Iterable[Field]) -> str:
    return ", ".join(each.name for each in fields)


def _last_uses(steps: Sequence[_Step]) -> dict[str, int]:
    """Return the row in which each slot is taken for the last time; its own where it is never taken."""
    last = {each.gives: at for at, each in enumerate(steps) if each.gives is not None}
    return last | {slot: at for at, each in enumerate(steps) for slot in each.takes}


@define
class _Lanes:
    """The columns of the drawing, from row to row.

    Attributes:
        last: The row in which each slot ends.
        held: The slot in each column; None in a free one.
        rested: Whether a free column was empty in the row before, so that nothing seems to flow into what comes next.
    """

    last: Mapping[str, int]
    held: list[str | None] = field(factory=list[str | None])
    rested: list[bool] = field(factory=list[bool])

    def row(self, at: int, step: _Step) -> str:
        """Draw a row, take its values, and give its own."""
        sources = {column: slot for column, slot in enumerate(self.held) if slot in step.takes}
        ending = {column for column, slot in sources.items() if self.last[str(slot)] == at}
        own = min(ending) if ending else self._free()
        drawn = _Row(step.mark, own, frozenset(sources), frozenset(ending)).text(self.held)
        before = list(self.held)
        for column in ending:
            self.held[column] = None
        if step.gives is not None and self.last[step.gives] > at:
            self.held[own] = step.gives
        self.rested = [slot is None and column != own for column, slot in enumerate(before)]
        return drawn

    def _free(self) -> int:
        """Return a column that nothing flows into."""
        for column, slot in enumerate(self.held):
            if slot is None and self.rested[column]:
                return column
        self.held.append(None)
        self.rested.append(True)
        return len(self.held) - 1


@frozen
class _Row:
    """One row of the drawing.

    Attributes:
        mark: What stands in its own column.
        own: That column.
        sources: The columns it takes from.
        ending: Those of them that end here.
    """

    mark: str
    own: int
    sources: frozenset[int]
    ending: frozenset[int]

    def text(self, held: Sequence[str | None]) -> str:
        """Return the row.

        Args:
            held: The slot in each column, None in a free one.
        """
        first, last = min({self.own, *self.sources}), max({self.own, *self.sources})
        cells = [self._cell(column, slot, first, last) for column, slot in enumerate(held)]
        return "".join(cell + ("─" if first <= at < last else " ") for at, cell in enumerate(cells)).rstrip()

    def _cell(self, column: int, slot: str | None, first: int, last: int) -> str:
        if column == self.own:
            return self.mark
        if column in self.sources:
            sides = (column > first, column < last)
            return (_ENDS if column in self.ending else _GOES_ON)[sides]
        if slot is not None:
            return "│"
        return "─" if first < column < last else " "
