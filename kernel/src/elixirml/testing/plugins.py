"""Plugins in tests: managers that see nothing but what the test gives them, and planted installations.

Nothing here needs a test framework.
"""

import contextlib
import importlib
import os
import sys
import time
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Final, Self

from elixirml.errors import ConfigError
from elixirml.plugins.discovery import GROUP
from elixirml.plugins.loading import SLOW_MS, Clock
from elixirml.plugins.manager import PluginManager
from elixirml.plugins.records import PluginCandidate, PluginRecord, normalised
from elixirml.plugins.selection import Selection

__all__ = ["InstalledPlugins", "IsolatedPluginManager", "temporary_plugin"]


class IsolatedPluginManager(PluginManager):
    """A manager that refuses to look for installed plugins, so that a test does not depend on the machine.

    Example:
        >>> manager = IsolatedPluginManager()
        >>> undo = manager.registry.offer("metrics", "always", lambda: 1.0)
        >>> manager.registry.names("metrics")
        ('always',)

    .. versionadded:: 0.1
    """

    @classmethod
    def load(
        cls,
        selection: Selection | None = None,
        *,
        discover: bool = False,
        path: Iterable[str] | None = None,
        extra: Iterable[tuple[str, object]] = (),
        clock: Clock = time.perf_counter,
        slow_ms: float = SLOW_MS,
    ) -> Self:
        """Return a manager with the given plugins loaded.

        Args:
            selection: Which plugins to load; all of them when not given.
            discover: Refused.
            path: Folders to look in and nowhere else, such as `InstalledPlugins.folder`; none when not given.
            extra: Plugins at hand, each with its name.
            clock: Seconds by the wall; measures how long loading takes.
            slow_ms: A plugin that takes longer to load gets a warning.

        Raises:
            ConfigError: Discovery was asked for.
        """
        if discover:
            raise ConfigError(
                "An isolated plugin manager does not look for installed plugins.",
                hint="Give `extra=[(name, plugin)]`, or `path=[folder]` with planted ones, or use `PluginManager`.",
            )
        return super().load(selection, discover=path is not None, path=path, extra=extra, clock=clock, slow_ms=slow_ms)


@contextlib.contextmanager
def temporary_plugin(manager: PluginManager, name: str, plugin: object) -> Generator[PluginRecord]:
    """Add a plugin to a manager for the length of a block; it is taken out again however the block ends.

    Args:
        manager: Where to add it.
        name: Its entry name.
        plugin: A module, or an object with methods marked with `hookimpl`.

    Yields:
        What became of it.

    Raises:
        PluginConflict: A plugin of that name is already there.
        PluginIncompatible: It breaks the contract.
        PluginFailed: One of its hooks raised.

    Example:
        >>> from elixirml.plugins import Contribution, hookimpl
        >>> class Mine:
        ...     @hookimpl
        ...     def register_metrics(self):
        ...         yield Contribution("always", "mine:Always", "always 1")
        >>> manager = IsolatedPluginManager()
        >>> with temporary_plugin(manager, "mine", Mine()):
        ...     manager.registry.names("metrics")
        ('always',)
        >>> manager.registry.names("metrics")
        ()

    .. versionadded:: 0.1
    """
    undo = manager.add(name, plugin)
    try:
        yield manager[name]
    finally:
        undo()


class InstalledPlugins:
    """Distributions planted in a folder that is on `sys.path` while the context is open.

    Planted modules are forgotten at the end, so that the next test imports its own; real modules of the same names are
    set aside meanwhile.

    Args:
        folder: An empty folder; made when it does not exist.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder, InstalledPlugins(Path(folder)) as installed:
        ...     _ = installed.add("demo", source="raise SystemExit('imported')")
        ...     print(IsolatedPluginManager.load(path=[folder])["demo"].reason)
        it raised SystemExit: imported

    .. versionadded:: 0.1
    """

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder
        self._modules: set[str] = set()
        self._aside: dict[str, ModuleType] = {}

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        sys.path.insert(0, str(self.folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.path.remove(str(self.folder))
        for name in self._modules:
            sys.modules.pop(name, None)
        sys.modules.update(self._aside)
        importlib.invalidate_caches()

    def environ(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment of a process that sees the planted distributions, and no settings of ElixirML.

        Args:
            base: The other variables; those of this process when not given.
        """
        kept = os.environ if base is None else base
        others = {name: value for name, value in kept.items() if not name.startswith("ELIXIRML_")}
        return {**others, "PYTHONPATH": os.pathsep.join(filter(None, [str(self.folder), kept.get("PYTHONPATH", "")]))}

    def add(
        self,
        entry_name: str,
        *,
        source: str = "",
        distribution: str | None = None,
        version: str = "1.0",
        requires: Iterable[str] = (),
        modules: Iterable[tuple[str, str]] = (),
        verbs: Iterable[tuple[str, str]] = (),
    ) -> PluginCandidate:
        """Plant one distribution with one plugin.

        Args:
            entry_name: The plugin's entry name.
            source: The text of its hook module.
            distribution: The distribution's name; `elixirml-<entry_name>` when not given.
            version: The distribution's version.
            requires: What it requires, as in its metadata.
            modules: Further modules, each by name and text.
            verbs: Verbs of the command line, each by name and target, `module:command`.

        Returns:
            The candidate that discovery finds.
        """
        name = distribution or f"elixirml-{entry_name}"
        module = normalised(name).replace("-", "_")
        self.folder.mkdir(parents=True, exist_ok=True)
        for each, text in ((module, source), *modules):
            (self.folder / f"{each}.py").write_text(text, "utf-8")
            self._set_aside(each)
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {each}" for each in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n", "utf-8")
        points = [f"[{GROUP}]", f"{entry_name} = {module}"]
        points += [f"[{GROUP}.commands]\n{verb} = {target}" for verb, target in verbs]
        (info / "entry_points.txt").write_text("\n".join(points) + "\n", "utf-8")
        importlib.invalidate_caches()
        return PluginCandidate(entry_name, name, version, module)

    def _set_aside(self, planted: str) -> None:
        """Let the planted module be imported, though a real one of its name, or parts of one, are loaded."""
        if planted not in self._modules:
            taken = [name for name in sys.modules if name == planted or name.startswith(f"{planted}.")]
            self._aside.update({name: sys.modules.pop(name) for name in taken})
        self._modules.add(planted)
