"""The calls of a conversation: checked, counted, approved where they must be, and told to observers."""

from collections.abc import Iterable, Mapping

from attrs import define, evolve, field, frozen

from elixirml.contracts import Tool, ToolCall, ToolContext, ToolFlag, ToolResult
from elixirml.errors import DeclarationError, did_you_mean
from elixirml.identity import Json
from elixirml_tools.approval import Approve, needs_approval, refusal
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError

__all__ = ["Conversation", "ToolBox"]


def _by_name(tools: Iterable[Tool]) -> Mapping[str, Tool]:
    found: dict[str, Tool] = {}
    for each in tools:
        if each.name in found:
            raise DeclarationError(f"Two tools are called `{each.name}`.", hint="Give one another name.")
        found[each.name] = each
    return found


@frozen(eq=False)
class ToolBox:
    """Tools, and what a conversation may do with them.

    For programs that lead the conversation themselves; predictors such as `react` take tools as they are.

    Args:
        tools: By distinct names.
        approve: Asked before a tool that acts is called in a tainted conversation; such calls are refused when not
            given.
        calls: How many calls a conversation may make, refused ones included.

    Example:
        >>> conversation = ToolBox([], calls=10).open(ToolContext(stage="reply"))
        >>> conversation.tainted
        False

    .. versionadded:: 0.1
    """

    tools: Mapping[str, Tool] = field(converter=_by_name)
    approve: Approve | None = field(default=None, kw_only=True)
    calls: int = field(default=50, kw_only=True)

    def open(self, context: ToolContext | None = None) -> "Conversation":
        """Begin a conversation; `context` says for which stage, and whether it is tainted already."""
        return Conversation(self, context or ToolContext())


@define(eq=False)
class Conversation:
    """One conversation with a box of tools; its calls are carried out one after the other.

    Attributes:
        context: What tools are told of it, the taint so far included.
        made: How many calls were made.
    """

    _box: ToolBox
    context: ToolContext
    made: int = field(default=0, init=False)

    @property
    def tainted(self) -> bool:
        """Whether words of strangers are in it."""
        return self.context.tainted

    async def call(self, call: ToolCall) -> ToolResult:
        """Carry out a call as the model wrote it; whatever is wrong with it is a result with `error`."""
        self.made += 1
        outcome, result = await self._carried_out(call)
        if result.tainted:
            self.context = evolve(self.context, tainted=True)
        self.context.tell("tool", {"tool": call.name, "outcome": outcome, "tainted": self.tainted})
        return result

    async def _carried_out(self, call: ToolCall) -> tuple[str, ToolResult]:
        """Return what became of a call, in a word for observers, and its result."""
        if self.made > self._box.calls:
            return "over_budget", ToolResult(error=f"Refused: all {self._box.calls} calls are used up. Answer now.")
        tool = self._box.tools.get(call.name)
        if tool is None:
            known = did_you_mean(call.name, self._box.tools)
            return "unknown_tool", ToolResult(error=f"There is no tool `{call.name}`. {known}")
        try:
            arguments = checked(tool.parameters, call.arguments)
        except ArgumentsError as error:
            return error.code, ToolResult(error=str(error))
        if needs_approval(tool, self.context) and not await self._is_approved(tool, arguments):
            return "refused", refusal(tool)
        result = await _safely(tool, arguments, self.context)
        return "error" if result.error else "done", result

    async def _is_approved(self, tool: Tool, arguments: Mapping[str, Json]) -> bool:
        return self._box.approve is not None and await self._box.approve(tool, arguments, self.context)


async def _safely(tool: Tool, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
    """Call a tool; what it raises, though it should not, is a result, and what it reads outside is tainted."""
    try:
        result = await tool.call(arguments, context)
    except Exception as error:  # noqa: BLE001 - tools are other people's code
        result = ToolResult(error=f"{type(error).__name__}: {error}")
    return evolve(result, tainted=result.tainted or ToolFlag.READS_OUTSIDE in tool.flags)
