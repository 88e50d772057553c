"""What every extension promises: short, plain methods, services that start and stop, nothing shared between kernels."""

import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import anyio
from anyio.abc import TaskStatus
from attrs import field, frozen

from elixirml.contracts.extension import Extension, ExtensionHost, Service
from elixirml.errors import ConfigError
from elixirml.identity import canonical_json
from elixirml.testing.conformance.suite import Conformance, expect, leaving_nothing

__all__ = ["ExtensionConformance", "PlainExtensionHost", "started"]

_MOMENTS: Final = (
    ("before_compile", ("QA",)),
    ("after_compile", ("QA", "0" * 64)),
    ("before_run", ("QA", {"question": "?"})),
    ("after_prediction", ("QA", "reply", {"answer": "!"})),
    ("after_run", ("QA", object())),
)
"""What a kernel tells, in the order of a run."""


@frozen
class PlainExtensionHost:
    """A kernel as extensions see it, with the configuration a test gives it.

    Attributes:
        cache_dir: Where downloads are kept.
        home: Where project data is kept.
        sections: Configurations by section.
    """

    cache_dir: Path
    home: Path
    sections: dict[str, Any] = field(factory=dict[str, Any])

    def configuration(self, section: str) -> Any:
        """Return the configuration of a section.

        Raises:
            ConfigError: There is none.
        """
        if section not in self.sections:
            raise ConfigError(f"There is no section `{section}`.", hint="Override `sections` of the suite.")
        return self.sections[section]


class ExtensionConformance(Conformance[Callable[[], Extension]]):
    """What is promised by a class of `elixirml.contracts.Extension`.

    Example:
        >>> class TestReload(ExtensionConformance):
        ...     def subject(self):
        ...         return Reload

    .. versionadded:: 0.1
    """

    def sections(self) -> dict[str, Any]:
        """Return the configuration it asks its host for."""
        return {}

    def test_it_is_made_without_arguments(self) -> None:
        """A kernel makes an instance when it starts."""
        made: object = self.subject()()
        lacking = [name for name in _methods() if not callable(getattr(made, name, None))]
        expect(not lacking, f"{made!r} lacks {', '.join(lacking)}: subclass `elixirml.contracts.Extension`.")

    def test_it_starts_in_a_fresh_project(self) -> None:
        """`initialize` works where neither cache nor home exists yet, and is a plain function."""
        with TemporaryDirectory() as folder:
            initialize: Callable[[ExtensionHost], object] = self.subject()().initialize
            found = initialize(self._host(folder))
            expect(found is None, f"`initialize` returned {found!r}: make it a plain function that returns nothing.")

    def test_kernels_do_not_share_it(self) -> None:
        """Each kernel has an instance of its own."""
        one, other = self.subject()(), self.subject()()
        expect(one is not other, "Two kernels got the same instance: contribute the class.")
        shared = [
            name
            for name, value in vars(one).items()
            if isinstance(value, (list, dict, set)) and value is vars(other).get(name)
        ]
        expect(not shared, f"Two instances share {', '.join(shared)}: make it in `initialize` or `__init__`.")

    def test_what_it_adds_is_plain_data(self) -> None:
        """`capabilities` can be listed as JSON, and `version` is a text."""

        def check(extension: Extension) -> None:
            try:
                canonical_json(dict(extension.capabilities()))
            except (TypeError, ValueError) as error:
                raise AssertionError(f"`capabilities` is no JSON object: {error}") from error
            version: object = extension.version()
            expect(isinstance(version, str), f"`version` returned {version!r}: return a text, empty if need be.")

        self._with_extension(check)

    def test_services_have_names(self) -> None:
        """The supervisor knows each service by a name of its own."""

        def check(extension: Extension) -> None:
            services = list(extension.services())
            names = [each.name for each in services]
            unique = all(names) and len(set(names)) == len(names)
            expect(unique, f"The services are named {names}: give each a name of its own.")

        self._with_extension(check)

    def test_services_start_and_stop(self) -> None:
        """Each service tells that it is ready, runs on, and ends without a rest when it is cancelled."""
        with TemporaryDirectory() as folder:
            extension = self._started(folder)

            async def check() -> None:
                for each in extension.services():
                    async with leaving_nothing(f"The service `{each.name}`"):
                        await _tried(each)

            self.on_every_loop(check)

    def test_every_moment_of_a_run_is_taken_note_of(self) -> None:
        """None of the methods raises, whatever the program; one that did would be dropped."""

        def check(extension: Extension) -> None:
            for name, details in _MOMENTS * 2:
                try:
                    found = getattr(extension, name, _nothing)(*details)
                except Exception as error:
                    raise AssertionError(
                        f"`{name}` raised {type(error).__name__}: {error}. It would be dropped."
                    ) from error
                if inspect.iscoroutine(found):
                    found.close()  # that it would have to be awaited is another rule's matter

        self._with_extension(check)

    def test_moments_are_plain_functions(self) -> None:
        """What they return is not awaited: long work is a service."""
        extension = self.subject()()
        waiting = [name for name, _ in _MOMENTS if inspect.iscoroutinefunction(getattr(extension, name, None))]
        expect(
            not waiting, f"{', '.join(waiting)} would have to be awaited: make it plain, and a service of what is long."
        )

    def _host(self, folder: str) -> PlainExtensionHost:
        return PlainExtensionHost(Path(folder) / "cache", Path(folder) / "home", self.sections())

    def _started(self, folder: str) -> Extension:
        extension = self.subject()()
        extension.initialize(self._host(folder))
        return extension

    def _with_extension(self, check: Callable[[Extension], None]) -> None:
        with TemporaryDirectory() as folder:
            check(self._started(folder))


def _nothing(*_: object) -> None:
    """Stand for a method that is not there, which is another rule's matter."""


def _methods() -> list[str]:
    return [name for name in vars(Extension) if not name.startswith("_")]


async def started(run: Callable[..., Awaitable[None]], *, task_status: TaskStatus[None]) -> None:
    """Run a service as a supervisor does."""
    await run(task_status=task_status)


async def _tried(service: Service) -> None:
    async with anyio.create_task_group() as group:
        with anyio.move_on_after(5) as scope:
            await group.start(started, service.run)
        expect(
            not scope.cancelled_caught,
            f"The service `{service.name}` was not ready in 5 seconds: call `task_status.started()`.",
        )
        group.cancel_scope.cancel()
