"""The hook module: what it offers, and that listing it costs nothing."""

import subprocess
import sys
from importlib import import_module

from elixirml_schemas.plugin import register_schemas


def test_the_contribution_can_be_resolved() -> None:
    """The target is a class that makes an engine without arguments."""
    [each] = register_schemas()

    engine = getattr(import_module(each.module), each.attribute)()

    assert each.name == "python"
    assert all(callable(getattr(engine, name)) for name in ("supports", "schema", "record"))


def test_listing_imports_nothing_else() -> None:
    """Until the engine is used, only the hook module is imported."""
    code = (
        "import sys, elixirml_schemas.plugin as plugin; plugin.register_schemas();"
        "print(*sorted(name for name in sys.modules if name.startswith('elixirml_schemas')))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == ["elixirml_schemas", "elixirml_schemas.plugin"]
