"""Test doubles and helpers, for the kernel's own tests and for those of plugins and applications.

Everything here is a supported part of ElixirML: tests use these instead of patching. Names are imported when they are
first used, so that the fixtures cost nothing before they are.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml.testing.plugins import InstalledPlugins, IsolatedPluginManager, temporary_plugin

__all__ = ["InstalledPlugins", "IsolatedPluginManager", "temporary_plugin"]

_HOME: Final = "elixirml.testing.plugins"


def __getattr__(name: str) -> object:
    """Import a public name on its first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME), name)
