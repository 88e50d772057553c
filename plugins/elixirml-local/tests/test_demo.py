"""The verb `elixirml demo` as it is stopped and taken up again; a scripted model stands for the embedded one."""

import re
import signal
import subprocess
import sys
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

import elixirml as ml
from elixirml.cli.progress import Line
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider
from elixirml_local.demo.run import begun_or_resumed

pytestmark = pytest.mark.slow

DEMO = """
import signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)

import elixirml as ml
from elixirml.cli import main
from elixirml.errors import ConfigError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider
from elixirml_local.demo import command

LATENCY = 0.2
ASK = ml.predict("question -> answer: str", adapter="json", model="scripted/m")
ROWS = [{"question": f"q{at}", "answer": "x", "id": str(at)} for at in range(24)]


def reply(request):
    print("asked", file=sys.stderr, flush=True)
    return '{"answer": "x"}'


def opened(*, home, quiet, observers):
    manager = PluginManager.load()
    model = ScriptedModel("scripted/m", reply, latency=LATENCY)
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    manager.registry.offer("datasets", "nothing_to_fetch", object())
    return ml.Kernel(plugins=manager, home=home, observers=observers)


async def run_demo(kernel, *, resume, **_):
    study = await ml.run_optimization(kernel, ASK, ROWS, teleprompter="random_search", resume=resume)
    raise ConfigError(f"{study.reused_calls} calls were not made again")


command.DATASET = "nothing_to_fetch"
command.fetch_model = lambda *_, **__: None
command.opened, command.run_demo = opened, run_demo
main()
"""


def started(folder: Path, *options: str, latency: float) -> "subprocess.Popen[str]":
    """Start `elixirml demo` in a folder."""
    script = folder / "demo.py"
    script.write_text(DEMO.replace("LATENCY = 0.2", f"LATENCY = {latency}"), "utf-8")
    said: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, str(script), "demo", *options], cwd=folder, **said)


def test_an_interrupted_demo_says_how_to_go_on_and_does(tmp_path: Path) -> None:
    """As the other verbs do: exit code 130, no trace, and nothing that was scored is asked again."""
    process = started(tmp_path, latency=0.2)
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")
    assert any("searching with" in line for line in said)
    assert [line for line in islice(said, 9) if line == "asked\n"]  # eight at once: the first of them are kept by now
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, "")
    assert "Interrupted.\n  What the search has scored is not lost. Go on with: elixirml demo --resume\n" in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("demo.json"))
    _, err = started(tmp_path, "--resume", latency=0).communicate(timeout=60)
    kept = re.search(r"(\d+) calls were not made again", err)
    assert kept is not None
    assert int(kept[1]) > 0


def test_a_demo_killed_before_its_search_begins_it(tmp_path: Path) -> None:
    """There is nothing to resume then, and that is said and no error; the second time there is something."""
    manager = PluginManager.load()
    model = ScriptedModel("scripted/m", ('{"answer": "x"}',))
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    ask = ml.predict("question -> answer: str", adapter="json", model="scripted/m")
    rows = [{"question": f"q{at}", "answer": "x", "id": str(at)} for at in range(24)]
    said: list[str] = []

    class Told(Line):
        def say(self, text: str) -> None:
            said.append(text)

    def searched() -> Any:
        with ml.BlockingKernel(ml.Kernel(plugins=manager, home=tmp_path)) as door:
            search = partial(begun_or_resumed, line=Told(quiet=True), budget=ml.Budget(calls=60), seed=0, resume=True)
            return door.call(search, door.kernel, ask, rows)

    first, second = searched(), searched()
    assert said == ["no search to go on with: it begins now"]
    assert second.best.assignment.digest == first.best.assignment.digest
    assert (first.reused_calls, second.reused_calls > 0) == (0, True)
