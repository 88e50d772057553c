"""Approval: who decides whether a tool may act once strangers have had a word."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from attrs import frozen

from elixirml.contracts import Tool, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.identity import Json
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError

__all__ = ["Approve", "approved", "needs_approval", "refusal"]

Approve: TypeAlias = Callable[[Tool, Mapping[str, Json], ToolContext], Awaitable[bool]]
"""Decides whether a tool may be called with these arguments, for example by asking a person."""


def needs_approval(tool: Tool, context: ToolContext) -> bool:
    """Return whether a call must be approved: the tool acts, and words of strangers are in the conversation."""
    return context.tainted and ToolFlag.ACTS in tool.flags


def refusal(tool: Tool) -> ToolResult:
    """Return the result of a call that was not approved."""
    return ToolResult(
        error=f"Refused: `{tool.name}` acts outward, and this conversation holds words of strangers. It was not "
        "called, and calling it again will not help; go on without it."
    )


@frozen(eq=False)
class _Approved:
    """A tool that asks before it acts, and is therefore safe to call without asking first."""

    tool: Tool
    approve: Approve

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def description(self) -> str:
        return self.tool.description

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.tool.parameters

    @property
    def examples(self) -> tuple[ToolExample, ...]:
        return self.tool.examples

    @property
    def flags(self) -> frozenset[ToolFlag]:
        return self.tool.flags - {ToolFlag.ACTS}

    async def call(self, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        try:
            given = checked(self.parameters, arguments)  # whoever approves sees what will be done
        except ArgumentsError as error:
            return ToolResult(error=str(error))
        if needs_approval(self.tool, context) and not await self.approve(self.tool, given, context):
            return refusal(self.tool)
        return await self.tool.call(given, context)


def approved(tool: Tool, approve: Approve) -> Tool:
    """Return a tool that may act in a tainted conversation, when it is approved there and then.

    Predictors refuse every call of a tool with `ToolFlag.ACTS` once words of strangers are in the conversation. One
    made by this function is called all the same, and asks first.

    Args:
        tool: A tool that acts.
        approve: Asked with the checked arguments before each call in a tainted conversation.

    .. versionadded:: 0.1
    """
    return _Approved(tool, approve)
