"""What a tool is: a typed function the model may call.

Tools are contributed through `elixirml.hookspecs.register_tools` or handed to a predictor. What a tool may do to the
world is declared by its flags, and the caller decides by them: results from outside taint a conversation, and a tainted
conversation may not act outward without approval.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol

from attrs import field, frozen

from elixirml.identity import Json

__all__ = ["Tool", "ToolContext", "ToolExample", "ToolFlag", "ToolResult", "ToolSpec"]


class ToolFlag(StrEnum):
    """What a tool does beyond computing its result."""

    READS_OUTSIDE = "reads_outside"  #: its result may hold words of strangers; it taints the conversation
    READS_PRIVATE = "reads_private"  #: its result may hold what strangers must not see
    ACTS = "acts"  #: it changes something, or tells somebody
    SLOW = "slow"  #: it may take longer than a model call


@frozen
class ToolSpec:
    """A tool as the model sees it.

    Attributes:
        name: Letters, digits, `_` and `-`, at most 64.
        description: What it does and when to use it.
        parameters: A JSON Schema of type object, without references.
    """

    name: str
    description: str
    parameters: Mapping[str, Any] = field(hash=False)

    def to_json(self) -> dict[str, Json]:
        """Return the tool as plain data."""
        return {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}


@frozen
class ToolExample:
    """A call that works, shown to models and tried by the conformance suite.

    Attributes:
        arguments: Plain values by name.
        result: What it returns; None where that differs from time to time.
    """

    arguments: Mapping[str, Json] = field(hash=False)
    result: Json = field(default=None, hash=False)


@frozen
class ToolResult:
    """What a call of a tool returned.

    Attributes:
        content: As JSON; a text is shown to the model as it is.
        error: Why the call failed, in words the model can act on; None when it did not.
        tainted: Whether it holds words of strangers.
    """

    content: Json = field(default=None, hash=False)
    error: str | None = None
    tainted: bool = False


@frozen
class ToolContext:
    """What a tool may know of the call.

    Attributes:
        stage: The path of the stage that calls.
        tainted: Whether words of strangers are in the conversation already.
        tell: Tells the run's observers something.
    """

    stage: str = ""
    tainted: bool = False
    tell: Callable[[str, Mapping[str, Json]], None] = lambda _name, _data: None


class Tool(Protocol):
    """A function the model may call."""

    @property
    def name(self) -> str:
        """What the model calls it."""
        ...

    @property
    def description(self) -> str:
        """What it does and when to use it."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema (draft 2020-12) of its arguments, of type object and without references."""
        ...

    @property
    def examples(self) -> tuple[ToolExample, ...]:
        """Calls that work."""
        ...

    @property
    def flags(self) -> frozenset[ToolFlag]:
        """What it does beyond computing its result."""
        ...

    async def call(self, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """Return the result; what goes wrong inside the tool is a result with `error`, not an exception.

        Args:
            arguments: Checked against `parameters`, defaults filled in.
            context: The call around it.
        """
        ...
