"""The hook module: what it offers, and that neither listing nor asking costs an import of pydantic."""

import subprocess
import sys
from importlib import import_module

from elixirml.plugins import PluginManager
from elixirml_pydantic.plugin import register_schemas


def test_the_contribution_can_be_resolved() -> None:
    """The target is a class that makes an engine without arguments."""
    [each] = register_schemas()

    engine = getattr(import_module(each.module), each.attribute)()

    assert all(callable(getattr(engine, name)) for name in ("supports", "schema", "field", "record"))


def test_programs_without_models_never_import_pydantic() -> None:
    """The engine is asked about every type, and answers without the library."""
    code = (
        "import sys; from elixirml_pydantic.engine import PydanticSchemas as S;"
        "print(S().supports(int), S().supports(list[int]), 'pydantic' in sys.modules)"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert said == ["False", "False", "False"]


def test_the_first_engine_stays_the_first() -> None:
    """Records of programs without classes are made by the first engine, which this one must not become."""
    names = PluginManager.load().registry.names("schemas")

    assert "python_pydantic" in names
    assert names[0] != "python_pydantic" or len(names) == 1
