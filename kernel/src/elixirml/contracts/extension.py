"""What an extension is: the life of a plugin inside one running kernel.

Extensions are contributed through `elixirml.hookspecs.register_extensions`. A plugin that only offers capabilities
needs none. An instance is made for each kernel when it starts; its methods are plain and short, and what takes long is
a service, which the kernel supervises.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from elixirml.identity import Json

__all__ = ["Extension", "ExtensionHost", "Service"]


@frozen
class Service:
    """Something long-lived.

    Attributes:
        name: Unique in its extension.
        run: Called with `task_status=`, and to call `task_status.started()` when it is ready; restarted when it fails.
    """

    name: str
    run: Callable[..., Awaitable[None]]


class ExtensionHost(Protocol):
    """The kernel, as its extensions see it."""

    @property
    def cache_dir(self) -> Path:
        """Where downloads are kept; may not exist yet."""
        ...

    @property
    def home(self) -> Path:
        """Where project data is kept; may not exist yet."""
        ...

    def configuration(self, section: str) -> Any:
        """Return the checked configuration of a section; see `elixirml.hookspecs.register_configurations`.

        Raises:
            ConfigError: There is no such section, or what the user wrote does not fit.
        """
        ...


class Extension:
    """Base of extensions: each method does nothing, and a subclass has what it needs.

    Example:
        >>> class Counting(Extension):
        ...     runs = 0
        ...
        ...     def before_run(self, program: str, inputs: object) -> None:
        ...         self.runs += 1
    """

    def initialize(self, host: ExtensionHost) -> None:
        """Prepare inside a kernel that is starting.

        Raises:
            Exception: This extension is left out, with a warning; the kernel starts without it.
        """

    def capabilities(self) -> Mapping[str, Json]:
        """Return what the extension adds to a kernel, for listings."""
        return {}

    def version(self) -> str:
        """Return its version; the distribution's when empty."""
        return ""

    def services(self) -> Iterable[Service]:
        """Return what the kernel is to keep running for it; started after `initialize`, stopped with the kernel."""
        return ()

    def before_compile(self, program: str) -> None:
        """Take note that a program is about to be compiled."""

    def after_compile(self, program: str, digest: str) -> None:
        """Take note that a program was compiled."""

    def before_run(self, program: str, inputs: object) -> None:
        """Take note that a run begins."""

    def after_run(self, program: str, result: object) -> None:
        """Take note that a run ended well; errors are events, see `Observer`."""

    def after_prediction(self, program: str, stage: str, fields: Mapping[str, Json]) -> None:
        """Take note that a predict stage answered."""
