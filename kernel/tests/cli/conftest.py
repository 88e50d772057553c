"""Fixtures of the command line: a folder with a small program and its data, and a model that answers from a script."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from click.testing import CliRunner

from elixirml.cli.app import elixirml
from elixirml.cli.failures import PROGRAM_MODULE
from elixirml.testing import InstalledPlugins

HOOKS = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_language_models():
    return [Contribution("scripted", "planted_provider:Provider", "answers from a script")]
"""

PROVIDER = """
import os
from elixirml.testing.models import ScriptedModel, ScriptedProvider

def reply(request):
    text = request.messages[-1].content if request.messages else request.text
    answer = "film" if "movie" in text else "food"
    if request.labels:
        return {each: 0.0 if each == answer else -5.0 for each in request.labels}
    return answer

class Provider(ScriptedProvider):
    def __init__(self):
        latency = float(os.environ.get("PLANTED_LATENCY", "0"))
        failures = int(os.environ.get("PLANTED_FAILURES", "0"))
        super().__init__({"m": ScriptedModel("scripted/m", reply, latency=latency, failures=failures)})
"""

AS_TERMINAL = """
import runpy, signal

# A shell's background jobs ignore interrupts, and their children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("elixirml", run_name="__main__", alter_sys=True)
"""

PROGRAM = '''
"""A program of the tests."""

from typing import Literal

from attrs import frozen

import elixirml as ml


@frozen
class Text:
    text: str


@frozen
class Topic:
    topic: Literal["film", "food"]


class Classify(ml.Program[Text, Topic]):
    """What is the text about?"""

    reply = ml.predict(Topic, model="scripted/m")
'''


@frozen
class Said:
    """What a command said.

    Attributes:
        code: Its exit code.
        out: Standard output.
        err: Standard error.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which must hold one JSON object and nothing else."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


def row(number: int) -> dict[str, str]:
    """Return a labelled row."""
    topic, word = (("film", "movie"), ("food", "soup"))[number % 2]
    return {"id": f"r{number}", "text": f"a {word} numbered {number}", "topic": topic}


class Project:
    """A project's folder, and the commands given in it."""

    def __init__(self, folder: Path, site: Path) -> None:
        self.folder = folder
        self.site = site
        self.write("topic.py", PROGRAM)
        self.write("question.json", json.dumps({"text": "a movie"}))
        self.rows("rows.jsonl", 48)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def rows(self, name: str, number: int) -> Path:
        """Write labelled rows."""
        return self.write(name, "".join(f"{json.dumps(row(each))}\n" for each in range(number)))

    def files(self) -> set[str]:
        """Return the names of everything in the folder but what Python caches."""
        return {str(each.relative_to(self.folder)) for each in self.folder.rglob("*") if "__pycache__" not in str(each)}

    def say(self, *arguments: str, typed: str | None = None) -> Said:
        """Give a command in this process."""
        result = CliRunner().invoke(elixirml, arguments, input=typed, prog_name="elixirml")
        return Said(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: str, latency: float = 0.0) -> subprocess.Popen[str]:
        """Start a command in a process of its own, as a terminal does."""
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(self.site), os.environ.get("PYTHONPATH", "")]),
            "PLANTED_LATENCY": str(latency),
        }
        return subprocess.Popen(
            [sys.executable, "-c", AS_TERMINAL, *arguments],
            cwd=self.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, typed: str | None = None, latency: float = 0.0) -> Said:
        """Give a command in a process of its own and wait for its end."""
        process = self.start(*arguments, latency=latency)
        out, err = process.communicate(typed, timeout=120)
        return Said(process.returncode, out, err)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A project in an empty folder, with the scripted model `scripted/m` installed."""
    for name in ("ELIXIRML_PLUGINS", "ELIXIRML_DISABLE_PLUGINS", "ELIXIRML_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    known = set(sys.modules)
    with InstalledPlugins(tmp_path / "site") as planted:
        planted.add("planted", source=HOOKS, modules=[("planted_provider", PROVIDER)])
        yield Project(folder, planted.folder)
    for name in set(sys.modules) - known:
        if name.startswith(PROGRAM_MODULE) or getattr(sys.modules[name], "__file__", None) in planted_files(tmp_path):
            del sys.modules[name]


def planted_files(folder: Path) -> set[str]:
    """Return the Python files of a test, whose modules the next one must not meet."""
    return {str(each) for each in folder.rglob("*.py")}
