"""Each plugin of this repository puts all it offers through the kernel's conformance suites, in its own tests."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from elixirml.plugins import PluginManager
from elixirml.testing.conformance.suites import SUITES

ROOT = Path(__file__).parents[1]

LEADS_ELSEWHERE = {"language_models"}
"""What is offered is a provider; what the suite is given is a model that it opens."""


def offered() -> Iterator[Any]:
    """Every contribution, with the folder of its distribution and the class it leads to."""
    for record in PluginManager.load().records:
        distribution = record.candidate.distribution
        folder = next(ROOT.glob(f"*/{distribution}"), None)
        if folder is None or not (folder / "pyproject.toml").is_file():
            continue
        yield pytest.param(folder, "plugins", "", id=f"{distribution}")
        for kind, contributions in record.contributions.items():
            for each in contributions:
                wanted = "" if kind in LEADS_ELSEWHERE else each.target.partition(":")[2]
                yield pytest.param(folder, kind, wanted, id=f"{distribution}-{kind}-{each.name}")


@cache
def classes(folder: Path) -> dict[str, ast.ClassDef]:
    """The classes in the tests of a distribution."""
    trees = [ast.parse(path.read_text("utf-8")) for path in sorted((folder / "tests").glob("test_*.py"))]
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


def bases(folder: Path, node: ast.ClassDef) -> Iterator[str]:
    """The names of all a class is derived from, as far as they stand in the tests."""
    for base in node.bases:
        if isinstance(base, ast.Name):
            yield base.id
            if base.id in classes(folder):
                yield from bases(folder, classes(folder)[base.id])


def makes(node: ast.ClassDef, wanted: str) -> bool:
    """Whether the `subject` of a suite mentions a class."""
    subjects = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "subject"]
    names = {each.id for subject in subjects for each in ast.walk(subject) if isinstance(each, ast.Name)}
    return bool(subjects) and (not wanted or wanted in names)


@pytest.mark.parametrize(("folder", "kind", "wanted"), tuple(offered()))
def test_what_a_plugin_offers_is_put_through_its_suite(folder: Path, kind: str, wanted: str) -> None:
    """There is a test class for it that pytest collects, of the suite of its kind, whose subject it is."""
    suite = SUITES[kind].partition(":")[2]
    found = [node for node in classes(folder).values() if suite in set(bases(folder, node))]
    assert any(makes(node, wanted) for node in found if node.name.startswith("Test")), (
        f"No test of {folder.name} is a {suite} of {wanted or 'it'}: subclass it in {folder.name}/tests."
    )


def test_every_plugin_of_the_repository_is_looked_at() -> None:
    """The list above is made of what is installed: nothing is missed because it is not."""
    looked_at = {each.values[0].name for each in offered()}
    assert looked_at == {each.parent.name for each in ROOT.glob("*/*/pyproject.toml") if each.parts[-3] != "kernel"}
