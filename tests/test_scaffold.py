"""What `elixirml plugins new` writes: distributions that load, pass their tests and check types, one of each kind.

The nox session `scaffold` does the same with pip, in an environment of its own.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

import elixirml
from elixirml.cli.app import elixirml as top
from elixirml.cli.scaffold import singular
from elixirml.hookspecs import KINDS

NAMES: Final[Mapping[str, str]] = {kind: f"acme-new-{singular(kind)}" for kind in KINDS}
"""The distribution written for each kind."""


def said(*arguments: str) -> Result:
    """Return what `elixirml plugins new` does in this process."""
    return CliRunner().invoke(top, ["plugins", "new", *arguments], prog_name="elixirml")


def files(folder: Path) -> dict[str, str]:
    """Return the text of every file that was written."""
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def project(folder: Path) -> dict[str, Any]:
    """Return the `[project]` table of a distribution."""
    found: dict[str, Any] = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    return found


def entry_points(table: Mapping[str, Any]) -> str:
    """Return the entry points of a project as they stand in its metadata."""
    groups = table["entry-points"].items()
    return "".join(f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in each.items()) for group, each in groups)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one distribution of each kind."""
    folder = tmp_path_factory.mktemp("written")
    for kind, name in NAMES.items():
        result = said(name, "--kind", singular(kind), "--folder", str(folder / name))
        assert result.exit_code == 0, result.stderr
    return folder


@pytest.fixture(scope="module")
def environment(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment of a process in which all of them are installed, and no settings of ElixirML hold."""
    site = tmp_path_factory.mktemp("site")
    for name in NAMES.values():
        table = project(written / name)
        info = site / f"{name.replace('-', '_')}-{table['version']}.dist-info"
        info.mkdir()
        requires = "".join(f"Requires-Dist: {each}\n" for each in table["dependencies"])
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n{requires}", "utf-8")
        (info / "entry_points.txt").write_text(entry_points(table), "utf-8")
    sources = [str(written / name / "src") for name in NAMES.values()]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELIXIRML_")}
    return {**kept, "PYTHONPATH": os.pathsep.join([str(site), *sources]), "XDG_CONFIG_HOME": str(site / "none")}


def run(command: list[str], environment: Mapping[str, str], *, folder: Path) -> str:
    """Return what a process prints."""
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_distribution_is_whole(kind: str, written: Path) -> None:
    """Code, marker of types, tests, metadata and page are there, and no word of the templates is left in them."""
    name, package = NAMES[kind], NAMES[kind].replace("-", "_")
    found = files(written / name)

    assert {
        "README.md",
        "pyproject.toml",
        f"src/{package}/__init__.py",
        f"src/{package}/plugin.py",
        f"src/{package}/py.typed",
        f"tests/test_{package}.py",
        f"tests/test_{package}_plugin.py",
    } < set(found)
    assert not [path for path, text in found.items() if re.search(r"\{\{\w+\}\}", text)]
    assert f"def register_{kind}(" in found[f"src/{package}/plugin.py"]
    assert "Conformance):" in found[f"tests/test_{package}.py"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_says_how_to_install_and_what_is_there(kind: str, written: Path) -> None:
    """The README has the install line, an example and the table of contributions."""
    page = (written / NAMES[kind] / "README.md").read_text("utf-8")

    assert f"    pip install {NAMES[kind]}\n" in page
    assert page.count("```") >= 2
    assert f"\n| {kind} | `" in page


def test_a_plugin_is_made_for_this_kernel_until_the_next_major_one(written: Path) -> None:
    """The range has a lower end, which is this version, and an upper one."""
    major, minor = elixirml.__version__.split(".")[:2]
    for name in NAMES.values():
        table = project(written / name)
        assert table["name"] == name
        assert table["dependencies"][0] == f"elixirml>={major}.{minor},<{int(major) + 1}"
        assert not [each for each in table["dependencies"] if each.startswith("elixirml-")]


def test_every_plugin_loads_and_its_verb_runs(written: Path, environment: Mapping[str, str]) -> None:
    """Beside all others, each is loaded without a word against it, and offers its kind."""
    told = json.loads(run(["-m", "elixirml", "plugins", "list", "--json"], environment, folder=written))
    records = {each["distribution"]: each for each in told["plugins"]}

    for kind, name in NAMES.items():
        record = records[name]
        assert (record["status"], record["reason"], record["notices"]) == ("loaded", "", [])
        assert [each for each, names in record["contributions"].items() if names] == [kind]
    assert run(["-m", "elixirml", "acme-new-command"], environment, folder=written) == "Hello, world!\n"


@pytest.mark.slow
def test_every_plugin_passes_its_own_tests(written: Path, environment: Mapping[str, str]) -> None:
    """What is written is tested, by its own tests and by the conformance suite of its kind; nothing warns."""
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "--import-mode=importlib", "--strict-markers"]
    told = run(
        ["-m", "pytest", *options, "-c", os.devnull, "--rootdir", str(written), *NAMES.values()],
        environment,
        folder=written,
    )

    assert " passed" in told


@pytest.mark.slow
def test_every_plugin_checks_its_types_strictly(written: Path, environment: Mapping[str, str], tmp_path: Path) -> None:
    """Sources and tests are typed to the last parameter."""
    pytest.importorskip("mypy", reason="the nox session `scaffold` checks this too")
    folders = [f"{name}/{each}" for name in NAMES.values() for each in ("src", "tests")]
    options = ["--strict", "--explicit-package-bases", "--python-version", "3.11", "--cache-dir", str(tmp_path)]
    path = [str(written / name / "src") for name in NAMES.values()]

    told = run(["-m", "mypy", *options, *folders], {**environment, "MYPYPATH": os.pathsep.join(path)}, folder=written)

    assert "no issues found" in told


def test_the_next_three_commands_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has a new plugin is told how to install it, test it and look at it; machines too."""
    monkeypatch.chdir(tmp_path)
    commands = [
        'pip install --editable "./acme-brevity[test]"',
        "pytest acme-brevity",
        "elixirml plugins show acme_brevity",
    ]

    result = said("acme-brevity", "--kind", "metric")
    again = said("acme-brevity", "--kind", "metric", "--folder", "other", "--json")

    assert [line.strip() for line in result.stdout.splitlines()[2:]] == commands
    told = json.loads(again.stdout)
    assert told["next"][0] == 'pip install --editable "./other[test]"'
    assert told["files"] == sorted(files(tmp_path / "other")) == sorted(files(tmp_path / "acme-brevity"))


def test_an_elixirml_name_is_offered_without_its_beginning(tmp_path: Path) -> None:
    """`elixirml-brevity` offers `brevity`, as plugins of this repository do."""
    said("elixirml-brevity", "--kind", "metric", "--folder", str(tmp_path / "new"))

    assert project(tmp_path / "new")["entry-points"]["elixirml"] == {"brevity": "elixirml_brevity.plugin"}


@pytest.mark.parametrize("there", ["a file", "a folder with a file", "a link"])
def test_nothing_is_overwritten(there: str, tmp_path: Path) -> None:
    """What is there stays as it was, whatever it is, and nothing else appears beside it."""
    target = tmp_path / "here" / "new"
    target.parent.mkdir()
    if there == "a file":
        target.write_text("mine", "utf-8")
    elif there == "a link":
        target.symlink_to(tmp_path / "nowhere")
    else:
        target.mkdir()
        (target / "README.md").write_text("mine", "utf-8")

    result = said("acme-brevity", "--kind", "metric", "--folder", str(target))

    assert result.exit_code == 2
    assert "[folder-occupied]" in result.stderr
    assert [each.name for each in target.parent.iterdir()] == ["new"]
    assert set(files(target.parent).values()) <= {"mine"}


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """A folder that was made for the plugin is used."""
    target = tmp_path / "new"
    target.mkdir()

    assert said("acme-brevity", "--kind", "metric", "--folder", str(target)).exit_code == 0
    assert (target / "pyproject.toml").is_file()
    assert [each.name for each in tmp_path.iterdir()] == ["new"]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """An impossible place is named, and no part of the plugin is anywhere."""
    (tmp_path / "file").write_text("mine", "utf-8")

    result = said("acme-brevity", "--kind", "metric", "--folder", str(tmp_path / "file" / "new"))

    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    assert files(tmp_path) == {"file": "mine"}


@pytest.mark.parametrize(
    "name",
    ["my plugin", "../up", "acme_metrics", "acme--metrics", "-acme", "acme-", "9acme", "acmé", "", "class", "JSON",
     "elixirml", "elixirml-9"],
)  # fmt: skip
def test_a_name_that_no_package_can_have_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are checked before anything is written, and the message has a name that would do."""
    monkeypatch.chdir(tmp_path)

    result = said("--kind", "metric", "--", name)

    assert result.exit_code == 2
    assert "[distribution-name]" in result.stderr
    assert "Call it `acme-" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_is_none_is_refused() -> None:
    """The kinds are told to whoever mistypes one."""
    result = said("acme-brevity", "--kind", "metrics")

    assert result.exit_code == 2
    assert "language-model" in result.stderr
