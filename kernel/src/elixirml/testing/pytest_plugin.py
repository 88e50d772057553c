"""Fixtures for tests of plugins and applications: a kernel that knows nothing but what the test gives it.

A `conftest.py` names them: `pytest_plugins = ["elixirml.testing.pytest_plugin"]`. The kernel is imported when a fixture
is used. They are no entry point of pytest, which would rewrite the assertions of every module of the kernel, in the
tests of everybody who has ElixirML installed.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

try:
    import pytest
except ImportError as error:
    raise ImportError("The fixtures need pytest: pip install 'elixirml[testing]'") from error

if TYPE_CHECKING:
    from elixirml.runtime.kernel import Kernel
    from elixirml.testing.clock import FakeClock
    from elixirml.testing.models import ScriptedModel
    from elixirml.testing.plugins import IsolatedPluginManager

__all__ = ["fake_clock", "kernel", "plugin_manager", "scripted_model"]


@pytest.fixture
def plugin_manager() -> "Iterator[IsolatedPluginManager]":
    """A manager without plugins that refuses to look for installed ones; what a test adds goes with it.

    Add a plugin with `plugin_manager.add(name, module)`, an object with `plugin_manager.registry.offer(kind, name,
    object)`.
    """
    from elixirml.testing.plugins import IsolatedPluginManager

    with contextlib.ExitStack() as stack:

        class Tidy(IsolatedPluginManager):
            """Takes out again what it was given."""

            def add(self, name: str, plugin: object) -> Callable[[], None]:
                return stack.callback(super().add(name, plugin))

        yield Tidy.load()


@pytest.fixture
def scripted_model(plugin_manager: "IsolatedPluginManager") -> "Iterator[ScriptedModel]":
    """A model that answers from a script, known to `plugin_manager` as `scripted/model`; set its `script`."""
    from elixirml.testing.models import ScriptedModel, ScriptedProvider

    model = ScriptedModel()
    undo = plugin_manager.registry.offer("language_models", "scripted", ScriptedProvider({"model": model}))
    try:
        yield model
    finally:
        undo()


@pytest.fixture
def kernel(plugin_manager: "IsolatedPluginManager", tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Kernel":
    """A kernel of `plugin_manager` with a home and user settings of its own; use it as `async with kernel:`."""
    from elixirml.runtime.kernel import Kernel

    for name in [each for each in os.environ if each.startswith("ELIXIRML_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return Kernel(plugins=plugin_manager, home=tmp_path / ".elixirml")


@pytest.fixture
def fake_clock() -> "FakeClock":
    """A clock that stands still until the test moves it; fits wherever a `clock=` is taken."""
    from elixirml.testing.clock import FakeClock

    return FakeClock()
