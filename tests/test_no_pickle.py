"""Data never becomes code: nothing in the sources unpickles, evaluates or executes what it was given."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[1]
MODULES: Final = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
BUILT_IN: Final = {"eval", "exec", "compile", "__import__"}


def offences(source: str) -> Iterator[str]:
    """Yield each import of a pickling module and each call of an evaluating built-in."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found = [each.name for each in node.names if each.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom):
            found = [node.module] if node.module and node.module.partition(".")[0] in MODULES else []
        elif isinstance(node, ast.Name):
            found = [node.id] if node.id in BUILT_IN else []
        else:
            found = []
        yield from (f"line {getattr(node, 'lineno', 0)}: {each}" for each in found)


def test_no_source_unpickles_or_evaluates() -> None:
    """Saved programs, ledgers and replies are read as data, whoever wrote them."""
    paths = sorted(
        each for folder in ("kernel", "plugins", "contrib") for each in ROOT.glob(f"{folder}/**/src/**/*.py")
    )
    assert paths
    assert [f"{path}: {each}" for path in paths for each in offences(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from marshal import loads",
        "eval('1')",
        "run = exec",
        "import joblib.memory as m",
        "__import__('os')",
    ],
)
def test_an_offence_is_found(source: str) -> None:
    """The rule above sees every way of writing it."""
    assert list(offences(source))


def test_a_method_of_that_name_is_none() -> None:
    """`re.compile` and a kernel's own `compile` evaluate nothing."""
    assert list(offences("import re\nre.compile('a')\nkernel.compile(program)")) == []
