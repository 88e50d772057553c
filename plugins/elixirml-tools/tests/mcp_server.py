"""An MCP server for the tests: over its standard streams, or over HTTP at the port it is given."""

import sys
from importlib import import_module

from pydantic import BaseModel


class Point(BaseModel):
    x: int
    y: int = 0


def add(a: Point, b: Point) -> str:
    """Add two points."""
    return f"{a.x + b.x},{a.y + b.y}"


def fail() -> str:
    """Fail."""
    raise ValueError("as always")


def main() -> None:
    server = import_module("mcp.server").MCPServer("points")
    server.tool(name="points.add")(add)
    server.tool()(fail)
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run()


if __name__ == "__main__":
    main()
