"""The hook module: what it offers, and that listing it costs nothing."""

import subprocess
import sys
from importlib import import_module

from elixirml_tools.plugin import register_tools


def test_every_contribution_can_be_resolved() -> None:
    """Each target is a class that makes a tool of that name without arguments."""
    for each in register_tools():
        made = getattr(import_module(each.module), each.attribute)()
        assert made.name == each.name
        assert made.description
        assert made.parameters["type"] == "object"


def test_listing_imports_nothing_else() -> None:
    """Until a tool is used, only the hook module is imported."""
    code = (
        "import sys, elixirml_tools.plugin as plugin; plugin.register_tools();"
        "print(*sorted(name for name in sys.modules if name.startswith(('elixirml_tools', 'httpx'))))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert loaded == ["elixirml_tools", "elixirml_tools.plugin"]
