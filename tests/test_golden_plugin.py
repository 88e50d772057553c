"""A plugin built once against level 1 of the hook API, never built again, works with this kernel."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from elixirml.hookspecs import HOOK_API

GOLDEN: Final = Path(__file__).parent / "golden"
WHEEL: Final = GOLDEN / "golden_plugin-1.0-py3-none-any.whl"
BUILT_WITH: Final = frozenset(
    (
        "schemas",
        "language_models",
        "middlewares",
        "adapters",
        "predictors",
        "teleprompters",
        "metrics",
        "tools",
        "datasets",
        "retrievers",
        "executors",
        "stores",
        "observers",
        "commands",
        "configurations",
        "extensions",
    )
)
"""The kinds there were when it was built; kinds may come later, and none of these may go."""

RESOLVED: Final = """
import json
from elixirml.plugins import PluginManager, Selection

registry = PluginManager.load(Selection(only=("golden",))).registry
found = {
    f"{kind}/{name}": type(registry.resolve(kind, name)).__name__
    for kind in json.loads(input())
    for name in registry.names(kind)
}
print(json.dumps(found))
"""

ASKED: Final = """
import elixirml as ml

program = ml.as_program(
    ml.predict("question -> answer: str", model="golden/model", adapter="golden", using="golden")
)
kernel = ml.Kernel(middlewares=["golden"], observers=["golden"])
report = ml.evaluate(program, [{"question": "?", "answer": "golden"}], metrics=["golden"], kernel=kernel)
print(report.rows[0].scores["golden"])
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a process that has the wheel on its path, and no settings of ElixirML."""
    site, config = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("config")
    with zipfile.ZipFile(WHEEL) as wheel:
        wheel.extractall(site)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELIXIRML_")}
    return {**kept, "PYTHONPATH": str(site), "XDG_CONFIG_HOME": str(config), "ELIXIRML_HOME": str(config)}


def said(command: list[str], environment: Mapping[str, str], *, typed: str = "") -> str:
    """Return what a process prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", *command],
        cwd=environment["XDG_CONFIG_HOME"],
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_was_built_for_a_level_that_is_still_served() -> None:
    """The golden plugin of a level stays as long as the level; a higher one wants another beside it."""
    assert HOOK_API == 1


def test_the_wheel_is_what_its_source_says() -> None:
    """Who reads the source reads what is in the wheel."""
    with zipfile.ZipFile(WHEEL) as wheel:
        for path in sorted((GOLDEN / "source" / "src").rglob("*.py")):
            name = path.relative_to(GOLDEN / "source" / "src").as_posix()
            assert wheel.read(name).decode() == path.read_text("utf-8"), f"{name} was changed after it was built"


def test_it_is_loaded_with_all_its_hooks(environment: Mapping[str, str]) -> None:
    """Every hook of level 1 is still called, and nothing is said against the plugin."""
    records: list[dict[str, Any]] = json.loads(said(["-m", "elixirml", "plugins", "list", "--json"], environment))[
        "plugins"
    ]
    [record] = [each for each in records if each["name"] == "golden"]

    assert (record["status"], record["reason"], record["notices"]) == ("loaded", "", [])
    assert {kind for kind, names in record["contributions"].items() if names} == BUILT_WITH
    assert record["contributions"]["metrics"] == ["golden", "golden_too"]


def test_all_its_names_resolve(environment: Mapping[str, str]) -> None:
    """What it imports of the kernel is still there, for every capability it offers."""
    found = json.loads(said(["-c", RESOLVED], environment, typed=json.dumps(sorted(BUILT_WITH))))

    assert set(found) == {*(f"{kind}/golden" for kind in BUILT_WITH), "metrics/golden_too"}


def test_its_verb_is_listed_and_runs(environment: Mapping[str, str]) -> None:
    """A verb found by its metadata does what it did."""
    assert said(["-m", "elixirml", "golden"], environment) == "golden\n"


def test_a_program_runs_on_its_capabilities(environment: Mapping[str, str]) -> None:
    """Model, middleware, adapter, predictor, observer and metric of level 1 work together."""
    assert said(["-c", ASKED], environment) == "1.0\n"
