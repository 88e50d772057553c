"""Tools of MCP servers, with a server in a process of its own; and schemas without references."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import anyio
import pytest

from elixirml.contracts import ToolContext, ToolFlag
from elixirml.errors import ToolError
from elixirml_tools import served
from elixirml_tools.references import inlined

pytestmark = pytest.mark.anyio
COMMAND = [sys.executable, str(Path(__file__).with_name("mcp_server.py"))]
needs_mcp = pytest.mark.skipif(find_spec("mcp") is None, reason="needs the extra `mcp`")


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@needs_mcp
async def test_the_tools_of_a_server_are_called_and_their_words_are_those_of_strangers() -> None:
    """Arguments are checked here, results taint, and errors are results."""
    async with served(COMMAND, reading=["fail"]) as tools:
        add, fail = tools
        assert (add.name, add.called, add.description) == ("points_add", "points.add", "Add two points.")
        assert add.parameters["properties"]["a"]["properties"]["x"]["type"] == "integer"
        assert "$ref" not in str(add.parameters)
        assert ToolFlag.ACTS in add.flags
        assert ToolFlag.ACTS not in fail.flags
        assert ToolFlag.READS_OUTSIDE in fail.flags

        done = await add.call({"a": {"x": "1"}, "b": {"x": 2, "y": 3}}, ToolContext())
        assert (done.content, done.tainted) == ("3,3", True)
        wrong = await add.call({"a": {"x": "one"}, "b": {"x": 2}}, ToolContext())
        assert "wrong_type at `a.x`" in str(wrong.error)
        failed = await fail.call({}, ToolContext())
        assert "Error executing tool fail" in str(failed.error)


@needs_mcp
async def test_a_server_that_cannot_be_started_is_an_error() -> None:
    """It is told which one, and why."""
    with pytest.raises(ToolError, match="cannot be reached"):
        async with served(["/not/there"]):
            pass


async def test_without_the_extra_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint is the command that installs it."""
    for name in [each for each in sys.modules if each.partition(".")[0] == "mcp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(ToolError, match=r"elixirml-tools\[mcp\]"):
        async with served(COMMAND):
            pass


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Start a web service, and say where."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen([*COMMAND, str(port)], stdout=log, stderr=log) as process,
    ):
        yield port
        process.kill()


@needs_mcp
async def test_a_server_can_be_a_web_service(port: int) -> None:
    """Its address is all that is needed."""
    await reachable(port)
    async with served(f"http://127.0.0.1:{port}/mcp") as tools:
        assert (await tools[0].call({"a": {"x": 1}, "b": {"x": 2}}, ToolContext())).content == "3,0"


@needs_mcp
async def test_an_error_of_the_block_comes_out_as_it_is() -> None:
    """It is not wrapped in the groups of the client's tasks."""

    async def block() -> None:
        async with served(COMMAND):
            raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await block()


async def reachable(port: int) -> None:
    """Wait until something listens."""
    with anyio.fail_after(30):
        while True:
            try:
                await (await anyio.connect_tcp("127.0.0.1", port)).aclose()
            except OSError:
                await anyio.sleep(0.05)
            else:
                return


def test_references_are_replaced_by_what_they_refer_to() -> None:
    """Nested ones too; what refers to itself, or to nothing, allows anything."""
    schema = {
        "$defs": {
            "leaf": {"type": "integer"},
            "pair": {"type": "array", "items": {"$ref": "#/$defs/leaf"}},
            "tree": {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}}},
        },
        "properties": {
            "pair": {"$ref": "#/$defs/pair", "description": "two"},
            "tree": {"$ref": "#/$defs/tree"},
            "lost": {"$ref": "#/$defs/lost"},
            "away": {"$ref": "https://example.com/schema"},
            "$ref": {"type": "string"},
        },
    }
    assert inlined(schema)["properties"] == {
        "pair": {"type": "array", "items": {"type": "integer"}, "description": "two"},
        "tree": {"type": "object", "properties": {"next": {}}},
        "lost": {},
        "away": {},
        "$ref": {"type": "string"},
    }
