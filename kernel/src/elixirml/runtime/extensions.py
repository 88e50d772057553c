"""The extensions of one kernel: made when it starts, told what happens, and left out when they fail."""

import warnings
from collections.abc import Iterator
from typing import Any

from attrs import define

from elixirml.contracts.extension import Extension, ExtensionHost, Service
from elixirml.errors import PluginError
from elixirml.identity import Json
from elixirml.plugins import Registry

__all__ = ["Extensions"]


@define(eq=False)
class Extensions:
    """What plugins keep running in a kernel.

    An extension that raises is told no more, with a warning that says what to do: it must never end the kernel it
    serves.

    Attributes:
        registry: What is installed.
        host: The kernel, as extensions see it.
        running: Those that started, by name.
    """

    registry: Registry
    host: ExtensionHost
    running: dict[str, Extension]

    @classmethod
    def started(cls, registry: Registry, host: ExtensionHost) -> "Extensions":
        """Make one of each installed extension and initialize it."""
        found = cls(registry, host, {})
        for name in registry.names("extensions"):
            try:
                made = registry.resolve("extensions", name)()
                made.initialize(host)
            except Exception as error:  # noqa: BLE001 - a plugin may do as it likes
                found.drop(name, "could not start", error)
            else:
                found.running[name] = made
        return found

    def services(self) -> Iterator[tuple[str, Service]]:
        """Yield what is to be kept running with the extension it is of, each under a name of its own."""
        for name, each in tuple(self.running.items()):
            try:
                offered = tuple(each.services())
            except Exception as error:  # noqa: BLE001
                self.drop(name, "could not tell its services", error)
                continue
            for service in offered:
                yield name, Service(f"{name}.{service.name}", service.run)

    def describe(self) -> dict[str, dict[str, Json]]:
        """Return version and capabilities of each, by name."""
        found: dict[str, dict[str, Json]] = {}
        for name, each in self.running.items():
            version = each.version() or self._version(name)
            found[name] = {"version": version, "capabilities": dict(each.capabilities())}
        return found

    def tell(self, moment: str, *details: Any) -> None:
        """Tell each of a moment: `before_run`, `after_run`, `before_compile`, `after_compile`, `after_prediction`."""
        for name, each in tuple(self.running.items()):
            try:
                getattr(each, moment)(*details)
            except Exception as error:  # noqa: BLE001
                self.drop(name, f"failed in {moment}", error)

    def _version(self, name: str) -> str:
        try:
            return self.registry.origin("extensions", name).version
        except PluginError:
            return ""

    def drop(self, name: str, what: str, error: Exception) -> None:
        """Leave an extension out, with a warning."""
        self.running.pop(name, None)
        warnings.warn(
            f"the extension `{name}` {what} and is left out: {type(error).__name__}: {error}. "
            f"Leave it out for good: elixirml plugins disable {name}",
            stacklevel=3,
        )
