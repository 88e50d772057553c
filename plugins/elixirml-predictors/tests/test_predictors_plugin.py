"""The hook module: what it offers, and that listing it costs nothing."""

import subprocess
import sys
from importlib import import_module

from elixirml_predictors.plugin import register_predictors


def test_every_contribution_can_be_resolved() -> None:
    """Each target is a class that makes a predictor without arguments."""
    found = {each.name: getattr(import_module(each.module), each.attribute)() for each in register_predictors()}

    assert {"direct", "chain_of_thought", "majority", "best_of_n", "refine", "multi_chain_comparison"} <= set(found)
    assert all(callable(getattr(each, name)) for each in found.values() for name in ("extend", "variables", "predict"))


def test_listing_imports_nothing_else() -> None:
    """Until a predictor is used, only the hook module is imported."""
    code = (
        "import sys, elixirml_predictors.plugin as plugin; plugin.register_predictors();"
        "print(*sorted(name for name in sys.modules if name.startswith('elixirml_predictors')))"
    )

    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded == ["elixirml_predictors", "elixirml_predictors.plugin"]
