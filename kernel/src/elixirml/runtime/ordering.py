"""In which order the nodes of a program run: one after the other, or at once where they do not wait for each other."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

import anyio
from attrs import define, field

from elixirml.errors import ConfigError, did_you_mean
from elixirml.programs.compiled import CompiledProgram, Node
from elixirml.runtime.supervision import beside

__all__ = ["ORDERINGS", "Ordering", "Step", "Strategy"]

Step: TypeAlias = Callable[[Node], Awaitable[frozenset[str]]]
"""Runs one node and returns the names of those to run again, that node among them; none of them to go on."""

Ordering: TypeAlias = Callable[[CompiledProgram, Step], Awaitable[None]]


class Strategy(StrEnum):
    """How the stages of one run follow each other; the result is the same.

    .. versionadded:: 0.1
    """

    SEQUENTIAL = "sequential"  #: one after the other, in the order of their declaration
    PARALLEL = "parallel"  #: those that do not wait for each other run at once

    @classmethod
    def _missing_(cls, value: object) -> "Strategy":
        raise ConfigError(
            f"There is no strategy `{value}`.", hint=did_you_mean(str(value), [str(each) for each in cls])
        )


async def _in_turn(compiled: CompiledProgram, step: Step) -> None:
    done: set[str] = set()
    position = 0
    while position < len(compiled.nodes):
        node = compiled.nodes[position]
        again = frozenset[str]() if node.name in done else await step(node)
        if again:
            done -= again
            position = min(compiled.positions[name] for name in again)
        else:
            done.add(node.name)
            position += 1


async def _at_once(compiled: CompiledProgram, step: Step) -> None:
    await _Crowd(compiled, step).run()


ORDERINGS: Final[Mapping[Strategy, Ordering]] = MappingProxyType(
    {Strategy.SEQUENTIAL: _in_turn, Strategy.PARALLEL: _at_once}
)
"""What carries out each strategy."""


@define(eq=False)
class _Crowd:
    """Runs nodes as soon as those they wait for are done; see `CompiledProgram.waits`.

    Attributes:
        compiled: Whose nodes they are.
        step: Runs one.
        done: Nodes whose value is there, or whose assertion holds.
        under_way: Nodes that run, with what cancels them.
        failed: Position to error of the nodes that failed.
        changed: Set when a node has ended.
    """

    compiled: CompiledProgram
    step: Step
    done: set[str] = field(factory=set[str], init=False)
    under_way: dict[str, anyio.CancelScope] = field(factory=dict[str, anyio.CancelScope], init=False)
    failed: dict[int, Exception] = field(factory=dict[int, Exception], init=False)
    changed: anyio.Event = field(factory=anyio.Event, init=False)

    async def run(self) -> None:
        """Run all of them.

        Of several errors the one of the earliest node is raised: nodes before a failed one are waited for, since in
        turn they would have come first; nodes after it are cancelled.
        """
        async with beside() as tasks:
            while True:
                self.changed = anyio.Event()
                for node in self._startable():
                    self.under_way[node.name] = anyio.CancelScope()
                    tasks.start_soon(self._carry_out, node)
                if not self.under_way:
                    break
                await self.changed.wait()
        if self.failed:
            raise self.failed[min(self.failed)]

    def _startable(self) -> Iterator[Node]:
        end = min(self.failed, default=len(self.compiled.nodes))
        for node in self.compiled.nodes[:end]:
            settled = node.name in self.done or node.name in self.under_way
            if not settled and self.compiled.waits[node.name] <= self.done:
                yield node

    async def _carry_out(self, node: Node) -> None:
        with self.under_way[node.name]:
            try:
                again = await self.step(node)
            except Exception as error:  # noqa: BLE001 - raised again when it is known to be the earliest
                self._fail(self.compiled.positions[node.name], error)
            else:
                self.done.add(node.name)
                self.done -= again
        del self.under_way[node.name]
        self.changed.set()

    def _fail(self, position: int, error: Exception) -> None:
        self.failed[position] = error
        for name, scope in self.under_way.items():
            if self.compiled.positions[name] > position:
                scope.cancel()
