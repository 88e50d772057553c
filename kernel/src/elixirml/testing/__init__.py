"""Test doubles and helpers, for the kernel's own tests and for those of plugins and applications.

Everything here is a supported part of ElixirML: tests use these instead of patching.
"""

from elixirml.testing.plugins import InstalledPlugins, IsolatedPluginManager, temporary_plugin

__all__ = ["InstalledPlugins", "IsolatedPluginManager", "temporary_plugin"]
