"""Every rule of extensions is failed by an extension that breaks it, and by it alone."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import anyio
import pytest
import sniffio

from elixirml.contracts import Extension, ExtensionHost, Service
from elixirml.testing.conformance.extension import ExtensionConformance
from elixirml.testing.conformance.suites import suite_of


class Watching(Extension):
    """An extension as it should be."""

    def initialize(self, host: ExtensionHost) -> Any:
        self.config = host.configuration("watching")
        self.runs = 0

    def capabilities(self) -> Mapping[str, Any]:
        return {"watches": ["programs"]}

    def version(self) -> Any:
        return "1.0"

    def services(self) -> Iterable[Service]:
        return [Service("watch", self.watch), Service("count", self.watch)]

    async def watch(self, *, task_status: Any) -> None:
        task_status.started()
        await anyio.sleep_forever()

    def after_run(self, program: str, result: object) -> None:
        self.runs += 1


class NoExtension:
    """Has the methods it thought of, but not `before_compile`."""

    initialize = Watching.initialize
    capabilities = Watching.capabilities
    version = Watching.version
    services = Watching.services
    watch = Watching.watch
    after_run = Watching.after_run
    before_run = Watching.before_run
    after_compile = Watching.after_compile
    after_prediction = Watching.after_prediction


class Waiting(Watching):
    def initialize(self, host: ExtensionHost) -> Any:
        super().initialize(host)
        return self


class Shared(Watching):
    def __init__(self) -> None:
        self.kept = SHARED


SHARED: list[str] = []


class Odd(Watching):
    def capabilities(self) -> Mapping[str, Any]:
        return {"watches": {1, 2}}


class Nameless(Watching):
    def services(self) -> Iterable[Service]:
        return [Service("watch", self.watch), Service("watch", self.watch)]


class Leaving(Watching):
    left: Any = None

    async def watch(self, *, task_status: Any) -> None:
        if sniffio.current_async_library() == "asyncio":
            LEFT.append(asyncio.create_task(asyncio.sleep(60)))
        await super().watch(task_status=task_status)


LEFT: list[Any] = []


class Fragile(Watching):
    def before_run(self, program: str, inputs: Any) -> None:
        _ = inputs["text"]


class Slow(Watching):
    async def before_run(self, program: str, inputs: object) -> None:  # type: ignore[override]
        """Would have to be awaited."""


def suite(extension: Any) -> Any:
    return suite_of("extensions", lambda: extension, sections=lambda _: {"watching": object()})


RIGHT = suite(Watching)
WRONG = {
    "test_it_is_made_without_arguments": suite(NoExtension),
    "test_it_starts_in_a_fresh_project": suite(Waiting),
    "test_kernels_do_not_share_it": suite(Shared),
    "test_what_it_adds_is_plain_data": suite(Odd),
    "test_services_have_names": suite(Nameless),
    "test_services_start_and_stop": suite(Leaving),
    "test_every_moment_of_a_run_is_taken_note_of": suite(Fragile),
    "test_moments_are_plain_functions": suite(Slow),
}


def test_a_right_extension_passes(judge: Any) -> None:
    """Every rule is tried on a right extension, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_extension(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, ExtensionConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_extension_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
