"""Calling the tools of a stage: what goes wrong becomes a result, and words of strangers keep tools from acting."""

from collections.abc import Mapping
from typing import Any

from attrs import define, field

from elixirml.contracts import PredictorCall, Tool, ToolContext, ToolFlag, ToolResult
from elixirml.errors import did_you_mean
from elixirml.identity import Json

__all__ = ["ToolUse"]


@define(eq=False)
class ToolUse:
    """The use of tools in one prediction; observers are told of each call.

    Attributes:
        call: The prediction that is asked for.
        tools: What may be called.
        tainted: Whether words of strangers are among the results.
    """

    call: PredictorCall
    tools: Mapping[str, Tool]
    tainted: bool = field(default=False, init=False)

    async def use(self, name: str, arguments: Mapping[str, Any]) -> ToolResult:
        """Return what came of a call; an error is told in words the model can act on."""
        tool = self.tools.get(name)
        if tool is None:
            return ToolResult(error=f"There is no tool `{name}`. {did_you_mean(name, self.tools)}")
        if self.tainted and ToolFlag.ACTS in tool.flags:
            return ToolResult(error=f"Refused: `{name}` acts outward, and words of strangers are among the results.")
        with self.call.span.inside("tool", tool=name, stage=self.call.stage) as span:

            def tell(what: str, data: Mapping[str, Json]) -> None:
                span.tell(what, **data)

            try:
                result = await tool.call(arguments, ToolContext(self.call.stage, self.tainted, tell))
            except Exception as error:  # noqa: BLE001 - tools are other people's code
                result = ToolResult(error=f"{type(error).__name__}: {error}")
            span.outcome["failed"] = result.error is not None
        self.tainted = self.tainted or result.tainted or ToolFlag.READS_OUTSIDE in tool.flags
        return result
