"""Tools of ElixirML: Python functions, a guarded fetch, and a Python interpreter in a process of its own.

    from elixirml_tools import tool

    def population(town: str) -> int:
        "Return how many people live in a town."
        ...

    reply = ml.predict(Answer, using="react", tools=[tool(population), "fetch"])

Names are imported when they are first used, so that listing the plugin stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml_tools.approval import Approve, approved
    from elixirml_tools.fetch import Fetch
    from elixirml_tools.functions import FunctionTool, tool
    from elixirml_tools.interpreter import Python
    from elixirml_tools.servers import ServerTool, served
    from elixirml_tools.toolbox import Conversation, ToolBox

__all__ = [
    "Approve",
    "Conversation",
    "Fetch",
    "FunctionTool",
    "Python",
    "ServerTool",
    "ToolBox",
    "approved",
    "served",
    "tool",
]

_HOMES: Final = {
    "Approve": "approval",
    "Conversation": "toolbox",
    "Fetch": "fetch",
    "FunctionTool": "functions",
    "Python": "interpreter",
    "ServerTool": "servers",
    "ToolBox": "toolbox",
    "approved": "approval",
    "served": "servers",
    "tool": "functions",
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
