"""Plugins that are wrong on purpose, so that hosts and tools can be tested with them.

Each fault is planted as an installed distribution, with metadata and a hook module, in a folder of a test.
"""

from enum import StrEnum
from typing import Final

from elixirml.hookspecs import HOOK_API
from elixirml.plugins.records import PluginCandidate
from elixirml.testing.plugins import InstalledPlugins

__all__ = ["FATAL", "SURVIVABLE", "Fault", "hook_source", "plant_fault"]


class Fault(StrEnum):
    """What can be wrong with a plugin."""

    MISSING_DEPENDENCY = "missing-dependency"  #: imports a library that is not installed
    EXIT_AT_IMPORT = "exit-at-import"  #: calls `sys.exit` while it is imported
    MISSPELT_HOOK = "misspelt-hook"  #: implements `register_metric`
    WRONG_ARGUMENT = "wrong-argument"  #: a hook asks for an argument that is not given
    KEYWORD_ONLY_ARGUMENT = "keyword-only-argument"  #: a hook takes an argument that could never be passed
    NEWER_HOOK_API = "newer-hook-api"  #: made for a later level of the contract
    DUPLICATE_NAME = "duplicate-name"  #: sound in itself; takes the entry name of another distribution
    FAILING_HOOK = "failing-hook"  #: one hook raises, another is sound
    SLOW_IMPORT = "slow-import"  #: sound, and takes most of a second to import
    ENDLESS_IMPORT = "endless-import"  #: never ends being imported
    ENDS_PROCESS = "ends-process"  #: calls `os._exit` while it is imported, which nothing can catch


FATAL: Final = (Fault.ENDLESS_IMPORT, Fault.ENDS_PROCESS)
"""Faults that no guard in the same process can hold: `elixirml plugins list` and `doctor` load in a process apart."""

SURVIVABLE: Final = tuple(each for each in Fault if each not in FATAL)
"""Faults of one plugin that must not disturb the others."""

_HEAD: Final = "from elixirml.plugins import Contribution, hookimpl\n"

_HOOK: Final = """
@hookimpl
def register_metrics({arguments}):
    return [Contribution({metric!r}, "elixirml.testing.faults:Fault", "offered by a planted plugin")]
"""

_FAILING: Final = """
@hookimpl
def register_datasets():
    raise IndexError("no data today")
"""


def hook_source(metric: str, *, arguments: str = "") -> str:
    """Return the text of a hook module that offers one metric.

    Args:
        metric: The name of the metric.
        arguments: The arguments of its hook.
    """
    return _HEAD + _HOOK.format(metric=metric, arguments=arguments)


def plant_fault(
    installed: InstalledPlugins, fault: Fault, *, entry_name: str = "faulty", distribution: str | None = None
) -> PluginCandidate:
    """Plant a distribution whose plugin has one fault.

    Where the fault leaves it something to offer, that is the metric `of_<entry_name>`.

    Args:
        installed: Where to plant it.
        fault: What is wrong with it; for `DUPLICATE_NAME`, plant another distribution with the same entry name too.
        entry_name: The plugin's entry name.
        distribution: The distribution's name; `elixirml-<entry_name>` when not given.

    Returns:
        The candidate that discovery finds.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from elixirml.testing import IsolatedPluginManager
        >>> with TemporaryDirectory() as folder, InstalledPlugins(Path(folder)) as installed:
        ...     _ = plant_fault(installed, Fault.EXIT_AT_IMPORT)
        ...     print(IsolatedPluginManager.load(path=[folder])["faulty"].reason)
        it raised SystemExit: no licence

    .. versionadded:: 0.1
    """
    return installed.add(entry_name, source=_source(fault, f"of_{entry_name}"), distribution=distribution)


def _source(fault: Fault, metric: str) -> str:
    sound = hook_source(metric)
    return {
        Fault.MISSING_DEPENDENCY: f"import a_library_nobody_has\n{sound}",
        Fault.EXIT_AT_IMPORT: f"import sys\nsys.exit('no licence')\n{sound}",
        Fault.MISSPELT_HOOK: sound.replace("register_metrics", "register_metric"),
        Fault.WRONG_ARGUMENT: hook_source(metric, arguments="registry"),
        Fault.KEYWORD_ONLY_ARGUMENT: hook_source(metric, arguments="*, registry=None"),
        Fault.NEWER_HOOK_API: f"ELIXIRML_HOOK_API = {HOOK_API + 1}\n{sound}",
        Fault.DUPLICATE_NAME: sound,
        Fault.FAILING_HOOK: sound + _FAILING,
        Fault.SLOW_IMPORT: f"import time\ntime.sleep(0.7)\n{sound}",
        Fault.ENDLESS_IMPORT: f"import time\nwhile True:\n    time.sleep(0.05)\n{sound}",
        Fault.ENDS_PROCESS: f"import os\nos._exit(7)\n{sound}",
    }[fault]
