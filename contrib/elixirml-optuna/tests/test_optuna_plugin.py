"""The hook module: what it offers, and that listing it costs nothing."""

import subprocess
import sys
from importlib import import_module

from elixirml_optuna.plugin import register_teleprompters
from elixirml_optuna.search import OptunaSearch


def test_the_contribution_can_be_resolved() -> None:
    """The target is a class that makes a teleprompter without arguments."""
    [each] = register_teleprompters()

    assert getattr(import_module(each.module), each.attribute) is OptunaSearch


def test_optuna_is_loaded_with_the_first_study() -> None:
    """Neither listing nor importing the teleprompter loads the library."""
    code = "import sys, elixirml_optuna.plugin, elixirml_optuna.search; print('optuna' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert said == "False"
