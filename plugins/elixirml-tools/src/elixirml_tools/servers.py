"""Tools of MCP servers: programs and web services that speak the Model Context Protocol.

Needs the extra `mcp`: `pip install 'elixirml-tools[mcp]'`. See https://modelcontextprotocol.io.
"""

import json
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any, Final

import anyio
from attrs import frozen

from elixirml.contracts import ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.errors import ToolError
from elixirml.identity import Json
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError
from elixirml_tools.references import inlined

__all__ = ["ServerTool", "served"]

_UNSAYABLE: Final = re.compile(r"[^A-Za-z0-9_-]")


@frozen(eq=False)
class ServerTool:
    """A tool of a server.

    Attributes:
        client: The connection to the server, an `mcp.Client`.
        called: What the server calls it.
        name: What the model calls it: the same, but for signs that models cannot say.
        description: As the server gives it.
        parameters: The JSON Schema of its arguments, without references.
        flags: What it does beyond computing its result.
        timeout: Seconds a call may take.
    """

    client: Any
    called: str
    name: str
    description: str
    parameters: Mapping[str, Any]
    flags: frozenset[ToolFlag]
    timeout: float
    examples: tuple[ToolExample, ...] = ()

    async def call(self, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """Check the arguments, call the tool, and return what the server says; its words are those of a stranger."""
        _ = context
        try:
            given = checked(self.parameters, arguments)
            with anyio.fail_after(self.timeout):
                said = await self.client.call_tool(self.called, given)
        except ArgumentsError as error:
            return ToolResult(error=str(error))
        except TimeoutError:
            return ToolResult(error=f"The server did not answer within {self.timeout:g} s.")
        except Exception as error:  # noqa: BLE001 - whatever the server does is for the model to know
            return ToolResult(error=f"{type(error).__name__}: {error}", tainted=True)
        text = "\n".join(_text(each) for each in said.content)
        if said.is_error:
            return ToolResult(error=text or "The server says that it failed.", tainted=True)
        return ToolResult(text if said.content else said.structured_content, tainted=True)


@asynccontextmanager
async def served(
    server: str | Sequence[str],
    *,
    reading: Iterable[str] = (),
    env: Mapping[str, str] | None = None,
    seconds: float = 60.0,
) -> AsyncGenerator[tuple[ServerTool, ...]]:
    """Connect to an MCP server and give its tools, for the length of a block.

    What a server says of itself is not believed: every tool reads outside, and acts, unless you say otherwise.

    Args:
        server: The address of a web service, or the command of a program that is started and ended with the block.
        reading: Names of the tools that only read, as you know: they stay usable in a tainted conversation.
        env: Further environment variables for a program; it gets no more of this process's than it needs to start.
        seconds: How long a call may take.

    Raises:
        ToolError: The extra `mcp` is not installed, the server cannot be reached, or two of its tools would have one
            name.

    Example:
        As in an async function::

            async with served(["uvx", "mcp-server-time"], reading=["get_current_time"]) as tools:
                program = ml.predict("question -> answer", using="react", tools=tools)

    .. versionadded:: 0.1
    """
    failure: Exception | None = None
    async with AsyncExitStack() as stack:
        client = _client(server, dict(env or {}))
        try:
            await stack.enter_async_context(client)
        except Exception as error:
            raise ToolError(f"The MCP server {server!r} cannot be reached: {error}.") from error
        try:
            yield _tools(client, await _listed(client), frozenset(reading), seconds)
        except Exception as error:  # noqa: BLE001 - raised again below: the client would wrap it in a group
            failure = error
    if failure is not None:
        raise failure


def _client(server: str | Sequence[str], env: dict[str, str]) -> Any:
    try:
        mcp = import_module("mcp")
    except ImportError:
        raise ToolError(
            "Tools of MCP servers need the package `mcp`, which is not installed.",
            hint="pip install 'elixirml-tools[mcp]'",
        ) from None
    if isinstance(server, str):
        return mcp.Client(server)
    command, *arguments = server
    return mcp.Client(mcp.StdioServerParameters(command=command, args=arguments, env=env))


async def _listed(client: Any) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        try:
            page = await client.list_tools(cursor=cursor)
        except Exception as error:
            raise ToolError(f"The MCP server does not tell its tools: {error}.") from error
        found += page.tools
        cursor = page.next_cursor
        if not cursor:
            return found


def _tools(client: Any, listed: Iterable[Any], reading: frozenset[str], seconds: float) -> tuple[ServerTool, ...]:
    found: dict[str, ServerTool] = {}
    for each in listed:
        name = _UNSAYABLE.sub("_", each.name)[:64]
        if name in found:
            raise ToolError(f"The server has two tools that would be called `{name}`: `{found[name].called}` too.")
        acts = frozenset({ToolFlag.ACTS}) if each.name not in reading else frozenset[ToolFlag]()
        found[name] = ServerTool(
            client=client,
            called=each.name,
            name=name,
            description=each.description or "",
            parameters=inlined(each.input_schema),
            flags=acts | {ToolFlag.READS_OUTSIDE, ToolFlag.SLOW},
            timeout=seconds,
        )
    return tuple(found.values())


def _text(block: Any) -> str:
    """Return what a server says as text; of what is none, its kind."""
    if block.type == "text":
        return str(block.text)
    resource = getattr(block, "resource", None)
    text = getattr(resource, "text", None)
    return text if isinstance(text, str) else json.dumps({"type": block.type})
