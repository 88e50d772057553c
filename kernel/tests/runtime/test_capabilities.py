"""Tests of `elixirml.runtime.capabilities`: which schema engine reads what."""

from typing import Any

import pytest
from attrs import frozen

from elixirml.contracts import FieldDeclaration
from elixirml.errors import DeclarationError, PluginError, PluginMissing
from elixirml.plugins import Contribution, PluginManager, Registry, hookimpl
from elixirml.plugins.records import PluginCandidate
from elixirml.runtime.capabilities import InstalledCapabilities


class Odd:
    """A class that only the engine below knows."""


class OddSchema:
    """The engine's reading of it."""

    def dump(self, value: Any) -> Any:
        return {"odd": True}


class OddEngine:
    """An engine whose name comes first in the alphabet."""

    def supports(self, declared: object) -> bool:
        return declared is Odd

    def schema(self, declared: Any) -> Any:
        return OddSchema()

    def record(self, name: str, fields: Any) -> Any:
        raise AssertionError("not the default")

    field = schema


@hookimpl
def register_schemas() -> list[Contribution]:
    """Offer an engine that is not there."""
    return [Contribution("aaa_broken", "no_such_module:Engine", "cannot be had")]


def capabilities(*, broken: bool = False) -> InstalledCapabilities:
    manager = PluginManager.load()
    manager.registry.offer("schemas", "aa_odd", OddEngine())
    if broken:
        manager.add("broken", type("Broken", (), {"register_schemas": staticmethod(register_schemas)}))
    return InstalledCapabilities(manager.registry)


@frozen
class Plain:
    a: int


def test_records_without_a_class_are_made_by_the_default_engine() -> None:
    """Another engine may be installed, under any name: it never takes them over."""
    found = capabilities()
    assert [each.name for each in found.record("R", [FieldDeclaration("a", int)]).fields] == ["a"]
    assert found.field(FieldDeclaration("a", int)).name == "a"


def test_each_engine_reads_what_it_supports() -> None:
    """Engines live side by side, and a value is written by the engine of its class."""
    found = capabilities()
    assert found.schema(Plain).name == "Plain"
    assert found.dump(Odd()) == {"odd": True}
    assert found.dump(Plain(1)) == {"a": 1}
    assert found.dump(object).startswith("<class")


def test_an_engine_that_cannot_be_had_is_passed_over() -> None:
    """One broken plugin stops no program that another engine reads."""
    assert capabilities(broken=True).dump(Odd()) == {"odd": True}


def test_what_no_engine_reads_is_told() -> None:
    """The message names who was asked; without any engine, what to install."""
    with pytest.raises(DeclarationError, match="aa_odd"):
        capabilities().schema(3)
    with pytest.raises(PluginMissing, match="elixirml-schemas"):
        InstalledCapabilities(Registry()).schema(Plain)


def test_engines_that_are_all_broken_are_the_fault() -> None:
    """With nothing to take its place, what is wrong with the engine is what is told."""
    registry = Registry()
    registry.add("schemas", Contribution("x", "no_such_module:E", "broken"), origin=PluginCandidate("x", "x"))
    with pytest.raises(PluginError, match="no_such_module"):
        InstalledCapabilities(registry).schema(Plain)
