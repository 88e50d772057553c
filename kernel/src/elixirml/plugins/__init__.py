"""The plugin floor: what is installed, what is chosen of it, what it offers.

Installed plugins are found by their metadata, chosen by the user's configuration, imported one by one behind a guard,
registered and asked what they offer, which is entered in a registry: `discover`, `select`, `import_plugin`,
`register_plugin`, `verify_plugin`. Each step takes and returns the records of `elixirml.plugins.records`.

A plugin's hook module needs only the first two names, and importing them stays cheap; the rest is imported on use:

    from elixirml.plugins import Contribution, hookimpl
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from elixirml.contracts.contribution import Contribution
from elixirml.plugins.markers import hookimpl, hookspec

if TYPE_CHECKING:
    from elixirml.plugins.configuration import current_selection, selection_from, user_file
    from elixirml.plugins.discovery import discover
    from elixirml.plugins.loading import (
        LoadedPlugin,
        import_plugin,
        load_candidate,
        register_plugin,
        verify_plugin,
    )
    from elixirml.plugins.manager import PluginManager
    from elixirml.plugins.probing import inspected
    from elixirml.plugins.records import HookCall, Notice, PluginCandidate, PluginRecord, PluginStatus
    from elixirml.plugins.registry import Conflict, Registry
    from elixirml.plugins.selection import Selected, Selection, select

__all__ = [
    "Conflict",
    "Contribution",
    "HookCall",
    "LoadedPlugin",
    "Notice",
    "PluginCandidate",
    "PluginManager",
    "PluginRecord",
    "PluginStatus",
    "Registry",
    "Selected",
    "Selection",
    "current_selection",
    "discover",
    "hookimpl",
    "hookspec",
    "import_plugin",
    "inspected",
    "load_candidate",
    "register_plugin",
    "select",
    "selection_from",
    "user_file",
    "verify_plugin",
]

_HOMES: Final = {
    "Conflict": "registry",
    "HookCall": "records",
    "LoadedPlugin": "loading",
    "Notice": "records",
    "PluginCandidate": "records",
    "PluginManager": "manager",
    "PluginRecord": "records",
    "PluginStatus": "records",
    "Registry": "registry",
    "Selected": "selection",
    "Selection": "selection",
    "current_selection": "configuration",
    "discover": "discovery",
    "import_plugin": "loading",
    "inspected": "probing",
    "load_candidate": "loading",
    "register_plugin": "loading",
    "select": "selection",
    "selection_from": "configuration",
    "user_file": "configuration",
    "verify_plugin": "loading",
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use, so that hook modules pay for the marks alone."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
