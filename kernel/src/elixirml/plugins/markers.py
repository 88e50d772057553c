"""The marks a plugin puts on its functions. Nothing but pluggy is imported here."""

from typing import Final

import pluggy

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT: Final = "elixirml"
"""The project name shared by the marks, the manager and the entry-point group."""

hookspec: Final = pluggy.HookspecMarker(PROJECT)
"""Mark a function as the specification of a hook, in a plugin that has hooks of its own."""

hookimpl: Final = pluggy.HookimplMarker(PROJECT)
"""Mark a function as the implementation of the hook of its name."""
