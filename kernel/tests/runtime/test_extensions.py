"""Tests of `elixirml.runtime.extensions`: they live with a kernel, and a broken one does not end it."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from elixirml.contracts import Extension, ExtensionHost, Service
from elixirml.identity import Json
from elixirml.plugins import PluginManager
from elixirml.runtime.extensions import Extensions


class Noting(Extension):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def initialize(self, host: ExtensionHost) -> None:
        self.told.append(host)

    def capabilities(self) -> Mapping[str, Json]:
        return {"notes": True}

    def services(self) -> Iterable[Service]:
        return (Service("clock", self.run),)

    async def run(self, *, task_status: Any) -> None:
        task_status.started()

    def before_run(self, program: str, inputs: object) -> None:
        self.told.append((program, inputs))


class Broken(Extension):
    """Fails in the method it is told to."""

    def __init__(self, where: str) -> None:
        self.where = where

    def __getattribute__(self, name: str) -> Any:
        if name != "where" and name == self.where:
            raise RuntimeError(name)
        return super().__getattribute__(name)


def extensions(**offered: Any) -> Extensions:
    registry = PluginManager.load().registry
    for name, each in offered.items():
        registry.offer("extensions", name, lambda each=each: each)
    host: Any = "the host"
    return Extensions.started(registry, host)


def test_an_extension_lives_with_its_kernel() -> None:
    """It is initialized with its host, tells what it adds, and is told what happens."""
    noting = Noting()
    found = extensions(noting=noting)
    found.tell("before_run", "QA", {"question": "?"})
    found.tell("after_run", "QA", None)
    found.tell("before_compile", "QA")
    found.tell("after_compile", "QA", "digest")
    found.tell("after_prediction", "QA", "reply", {})

    assert noting.told == ["the host", ("QA", {"question": "?"})]
    assert found.describe()["noting"] == {"version": "", "capabilities": {"notes": True}}
    assert [each.name for _, each in found.services()] == ["noting.clock"]


@pytest.mark.parametrize("where", ["initialize", "services", "before_run"])
def test_a_broken_extension_is_left_out_with_a_warning(where: str) -> None:
    """The others go on, and the warning says how to be rid of the broken one."""
    noting = Noting()

    def live() -> Extensions:
        found = extensions(broken=Broken(where), noting=noting)
        assert [each.name for _, each in found.services()] == ["noting.clock"]
        found.tell("before_run", "QA", 1)
        return found

    with pytest.warns(UserWarning, match="elixirml plugins disable broken"):
        found = live()

    assert set(found.running) == {"noting"}
    assert ("QA", 1) in noting.told


def test_an_extension_without_methods_does_nothing() -> None:
    """The base class is a complete extension: each method has a default."""
    found = extensions(plain=Extension())
    for moment, details in {"before_compile": ("p",), "after_run": ("p", 1), "before_run": ("p", 1)}.items():
        found.tell(moment, *details)
    assert list(found.services()) == []
    assert found.describe() == {"plain": {"version": "", "capabilities": {}}}
