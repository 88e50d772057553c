"""Python functions as tools."""

import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import anyio
from anyio import to_thread
from attrs import frozen

from elixirml.contracts import ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.identity import Json
from elixirml.runtime.plain import plain
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError
from elixirml_tools.signatures import describe, tool_name

__all__ = ["FunctionTool", "tool"]


@frozen(eq=False)
class FunctionTool:
    """A Python function that a model may call; made by `tool`.

    Attributes:
        function: Called with plain JSON values by name: records as dicts, choices by value.
        name: What the model calls it.
        description: What it does and when to use it.
        parameters: The JSON Schema of its arguments.
        examples: Calls that work.
        flags: What it does beyond computing its result.
        timeout: Seconds a call may take; None for no limit. A function in a thread is left to itself, not ended.
    """

    function: Callable[..., Any]
    name: str
    description: str
    parameters: Mapping[str, Any]
    examples: tuple[ToolExample, ...] = ()
    flags: frozenset[ToolFlag] = frozenset()
    timeout: float | None = None

    async def call(self, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """Check the arguments, call the function, and return its result as JSON; errors are results too."""
        _ = context
        try:
            given = checked(self.parameters, arguments)
        except ArgumentsError as error:
            return ToolResult(error=str(error))
        outside = ToolFlag.READS_OUTSIDE in self.flags
        try:
            with anyio.fail_after(self.timeout):
                returned = await self._called(given)
        except TimeoutError as error:
            late = str(error) or f"no result within {self.timeout:g} s" if self.timeout else str(error)
            return ToolResult(error=f"TimeoutError: {late}", tainted=outside)
        except Exception as error:  # noqa: BLE001 - what goes wrong in a tool is for the model to know
            return ToolResult(error=f"{type(error).__name__}: {error}", tainted=outside)
        return returned if isinstance(returned, ToolResult) else ToolResult(_as_json(returned), tainted=outside)

    async def _called(self, arguments: Mapping[str, Any]) -> Any:
        """Await the function, or call it in a worker thread."""
        call = partial(self.function, **arguments)
        if inspect.iscoroutinefunction(self.function):
            return await call()
        returned = await to_thread.run_sync(call, abandon_on_cancel=True)
        return await returned if inspect.isawaitable(returned) else returned


def tool(
    function: Callable[..., Any],
    *,
    name: str | None = None,
    description: str | None = None,
    flags: Iterable[ToolFlag] = (),
    timeout: float | None = None,
    examples: Iterable[ToolExample] = (),
) -> FunctionTool:
    """Make a tool of a function: its schema is read from the annotations, its texts from the docstring.

    Args:
        function: Plain or async; a plain one runs in a worker thread. It is called by name with plain JSON values that
            were checked before: records as dicts, choices by value, sets and tuples as lists.
        name: What the model calls it; the function's own name when not given.
        description: What it does and when to use it; the docstring's first paragraph when not given.
        flags: What it does beyond computing its result.
        timeout: Seconds a call may take.
        examples: Calls that work.

    Raises:
        DeclarationError: It cannot be described to a model: `var-positional`, `positional-only`, `type-unsupported`,
            `tool-name`.

    Example:
        >>> def add(a: int, b: int = 1) -> int:
        ...     "Add two numbers."
        ...     return a + b
        >>> tool(add).parameters["properties"]["b"]
        {'type': 'integer', 'default': 1}

    .. versionadded:: 0.1
    """
    described = describe(function)
    return FunctionTool(
        function=function,
        name=tool_name(described.name if name is None else name),
        description=described.description if description is None else description,
        parameters=described.parameters,
        examples=tuple(examples),
        flags=frozenset(flags),
        timeout=timeout,
    )


def _as_json(value: Any) -> Json:
    """Return what a function returned as JSON; the text of what has none."""
    try:
        found: Json = json.loads(json.dumps(plain(value, _dumped), allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return str(value)
    return found


def _dumped(value: Any) -> Any:
    return value.model_dump(mode="json") if hasattr(value, "model_dump") else str(value)
