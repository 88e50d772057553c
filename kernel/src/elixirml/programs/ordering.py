"""What follows from the wiring of a program's nodes: which come early, whom a retry asks again, what leads nowhere."""

from collections.abc import Iterable, Sequence

from elixirml.programs.compiled import (
    AssertionNode,
    FunctionNode,
    Node,
    PredictNode,
    ProgramNode,
    called,
    stage_slot,
    taken,
)
from elixirml.programs.program import Declaration
from elixirml.programs.stages import AssertionKind

__all__ = ["checks_first", "loose_ends", "producer"]


def producer(nodes: Sequence[Node], slots: Iterable[str]) -> str | None:
    """Return the latest stage that asks a model and that the slots depend on."""
    wanted = set(slots)
    for node in reversed(nodes):
        if isinstance(node, AssertionNode) or stage_slot(node.name) not in wanted:
            continue
        if not isinstance(node, FunctionNode) or node.calls:
            return node.name
        wanted |= set(node.arguments.values())
    return None


def checks_first(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Return the nodes with every check, and what it depends on, before the rest; otherwise in their order."""
    early: set[str] = set()
    wanted: set[str] = set()
    for node in reversed(nodes):
        is_check = isinstance(node, AssertionNode) and node.kind is AssertionKind.CHECK
        if is_check or (not isinstance(node, AssertionNode) and stage_slot(node.name) in wanted):
            early.add(node.name)
            wanted |= set(node.arguments.values())
    return tuple(sorted(nodes, key=lambda node: node.name not in early))


def loose_ends(nodes: Sequence[Node], declaration: Declaration, *, output: Iterable[str]) -> tuple[str, ...]:
    """Return a line for each stage whose value leads nowhere, and each retry that has nothing to run again.

    Args:
        nodes: In the order of their declaration.
        declaration: Where they are declared.
        output: The slots that the output is made of.
    """
    needed = set(output)
    in_use = {name for node in nodes for name in called(node)}
    found: list[str] = []
    for node in reversed(nodes):
        where = getattr(declaration.members[node.name], "where", declaration.where)
        match node:
            case AssertionNode(kind=AssertionKind.ENSURE, then="retry", retries=None) if node.arguments:
                found.append(
                    f"ensure `{node.name}` of {declaration.name} has nothing to run again, so it fails at "
                    f"once: no model is asked for what it judges. Write then='fail'.\n  at {where}"
                )
            case AssertionNode():
                pass
            case _ if not (stage_slot(node.name) in needed or node.name in in_use):
                manual = isinstance(node, (PredictNode, ProgramNode)) and node.manual
                why = "nothing calls it" if manual else "nothing uses its value"
                found.append(f"stage `{node.name}` of {declaration.name} leads nowhere: {why}.\n  at {where}")
                continue
            case _:
                pass
        needed |= set(taken(node))
    return tuple(reversed(found))
