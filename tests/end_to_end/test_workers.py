"""Examples that run in worker processes: the same rows as at home, each once, whatever dies."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PROVIDER = """
import anyio
from elixirml.contracts import ModelInfo, ModelResponse, Usage
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_language_models():
    return [Contribution("planted", "planted_models:Planted", "answers at once")]

class Planted:
    def models(self):
        return (ModelInfo("m", "answers", installed=True),)

    def open(self, model, host):
        return Model()

class Model:
    name, capabilities, fingerprint, concurrency = "planted/m", frozenset(), "1", 64

    async def complete(self, request):
        await anyio.sleep(0.01)
        subject = request.messages[-1].content
        return ModelResponse('{"kind": "film"}' if "film" in subject else '{"kind": "news"}', usage=Usage(calls=1))
"""
PROGRAM = '''
import os, signal
from typing import Literal
import elixirml as ml
from attrs import frozen

@frozen
class Text:
    text: str

@frozen
class Kind:
    kind: Literal["film", "news"]

class Sorter(ml.Program[Text, Kind]):
    """Say what kind of text it is."""

    @ml.stage
    def text(self, text: str) -> str:
        if "poison" in text:
            os.kill(os.getpid(), signal.SIGKILL)
        if "once" in text and not os.path.exists("killed"):
            open("killed", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return text

    reply = ml.predict(Kind, adapter="json", model="planted/m")
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program, and an installed plugin with a model that any process finds."""
    site = tmp_path / "site"
    info = site / "elixirml_planted-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elixirml-planted\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[elixirml]\nplanted = planted_models\n")
    (site / "planted_models.py").write_text(PROVIDER)
    (tmp_path / "sorter.py").write_text(PROGRAM)
    return tmp_path


def data(project: Path, *, extra: tuple[str, ...] = ()) -> str:
    """Thirty rows of which every third is answered wrongly, and what else is asked for."""
    texts = [f"{'film' if n % 2 else 'news'} {n}" for n in range(30)]
    rows = [{"text": text, "kind": "film" if "film" in text or n % 3 == 0 else "news"} for n, text in enumerate(texts)]
    rows += [{"text": text, "kind": "film"} for text in extra]
    path = project / "rows.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    return path.name


def evaluated(project: Path, *arguments: str) -> dict[str, Any]:
    """The JSON answer of `elixirml evaluate`."""
    run = subprocess.run(
        [sys.executable, "-m", "elixirml", "evaluate", "sorter.py:Sorter", "--json", "--quiet", *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "site")},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_workers_score_as_this_process_does(project: Path) -> None:
    """The same means, counts and calls, wherever the examples run."""
    here = evaluated(project, "--data", data(project))
    in_tasks = evaluated(project, "--data", data(project), "--executor", "inprocess")
    there = evaluated(project, "--data", data(project), "--executor", "process", "--workers", "2")

    assert here["metrics"] == in_tasks["metrics"] == there["metrics"]
    assert here["usage"]["calls"] == in_tasks["usage"]["calls"] == there["usage"]["calls"] == 30
    assert there["errors"] == {}


def test_a_worker_that_is_killed_loses_no_example(project: Path) -> None:
    """SIGKILL in mid-run: every row is there once, and none is counted as a fault."""
    rows = data(project, extra=("film once",))
    found = evaluated(project, "--data", rows, "--executor", "process", "--workers", "2")

    assert (project / "killed").exists()
    assert found["metrics"]["exact_match"]["n"] == 31
    assert found["errors"] == {}


def test_an_example_that_kills_its_worker_takes_no_other_with_it(project: Path) -> None:
    """The poisonous example is a fault of its own; its neighbours are scored."""
    rows = data(project, extra=("film poison",))
    found = evaluated(project, "--data", rows, "--executor", "process", "--workers", "2")

    assert found["metrics"]["exact_match"]["n"] == 31
    assert found["errors"] == {"worker-crashed": 1}
    assert found["usage"]["calls"] == 30


def test_an_unknown_executor_is_named_with_the_nearest(project: Path) -> None:
    """A misspelt executor is the user's error, told before anything runs."""
    wrong = ("--data", data(project), "--executor", "proces")
    run = subprocess.run(
        [sys.executable, "-m", "elixirml", "evaluate", "sorter.py:Sorter", *wrong],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project / "site")},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 2
    assert "Did you mean `process`?" in run.stderr
