import doctest
import inspect
import subprocess
import sys
from collections.abc import Iterable

import pytest

import elixirml.plugins
from elixirml import hookspecs
from elixirml.contracts.contribution import Contribution

HOOKS = [name for name in hookspecs.__all__ if name.startswith("register_")]


def test_there_is_one_hook_a_kind() -> None:
    """Kinds and hooks are one list written twice; they may not drift apart."""
    assert sorted(f"register_{kind}" for kind in hookspecs.KINDS) == HOOKS


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_its_manual_page(name: str) -> None:
    """The docstring of a hook is its documentation: result, faults, example, version."""
    page = inspect.getdoc(getattr(hookspecs, name)) or ""
    assert page.splitlines()[0].endswith(".")
    for part in ("Returns:", "Raises:", "Example:", f"def {name}(", ".. versionadded:: 0.1"):
        assert part in page, part


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_takes_nothing_and_returns_contributions(name: str) -> None:
    """The signature is the contract: old plugins keep working as long as it only grows."""
    hook = getattr(hookspecs, name)
    signature = inspect.signature(hook)
    assert not signature.parameters
    assert signature.return_annotation == Iterable[Contribution]
    assert list(hook()) == []


@pytest.mark.parametrize(
    "module",
    ["hookspecs", "contracts.contribution", "testing.faults", "testing.plugins"]
    + [f"plugins.{name}" for name in ("configuration", "manager", "masking", "records", "registry")]
    + [f"plugins.{name}" for name in ("requirements", "selection")],
)
def test_examples_run(module: str) -> None:
    """Every example in the documentation of this floor does what it shows."""
    outcome = doctest.testmod(sys.modules.get(f"elixirml.{module}") or __import__(f"elixirml.{module}", fromlist=["_"]))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_hook_module_pays_for_the_marks_alone() -> None:
    """Importing the two names that hook modules need brings in no other part of the floor."""
    code = "import sys; from elixirml.plugins import Contribution, hookimpl; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {each for each in loaded if each.startswith("elixirml.plugins")} == {
        "elixirml.plugins",
        "elixirml.plugins.markers",
    }
    assert not loaded & {"click", "anyio", "cattrs", "tomllib", "packaging", "elixirml.runtime", "elixirml.programs"}


def test_every_public_name_of_the_floor_can_be_imported() -> None:
    """The lazy names are really there, and a misspelt one is an ordinary AttributeError."""
    assert dir(elixirml.plugins) == sorted(elixirml.plugins.__all__)
    for name in elixirml.plugins.__all__:
        assert getattr(elixirml.plugins, name) is not None
    with pytest.raises(AttributeError, match="Nothing"):
        _ = elixirml.plugins.Nothing
