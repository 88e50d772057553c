"""Ctrl-C: exit code 130, in good order, with the way to go on; `--resume` goes on."""

import json
import re
import shlex
import signal
import subprocess
import time

import pytest

pytestmark = pytest.mark.slow

OPTIMIZE = (
    "optimize", "topic.py", "--train", "rows.jsonl", "--budget", "calls=60", "--teleprompter", "random_search",
    "--out", "the best.json",
)  # fmt: skip


def interrupted(process: subprocess.Popen[str], *, after: str) -> tuple[int, str, str]:
    """Interrupt a process once a line of its standard error holds a text; return its code and what it said."""
    assert process.stderr is not None
    read: list[str] = []
    for line in process.stderr:
        read.append(line)
        if after in line:
            break
    time.sleep(0.5)  # calls are under way now: each takes a fifth of a second
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, "".join(read) + err


def test_an_interrupted_study_says_how_to_go_on_and_does(project) -> None:
    """The command that is printed ends in the same winner, and makes only the calls that were missing."""
    code, out, err = interrupted(project.start(*OPTIMIZE, latency=0.2), after="searching with")
    assert code == 130
    assert out == ""
    assert "Traceback" not in err
    assert not (project.folder / "the best.json").exists()
    command = re.search(
        r"^Interrupted\.\n  Nothing scored so far is lost\. Go on with: elixirml (.*)$", err, re.MULTILINE
    )
    assert command is not None
    words = shlex.split(command[1])
    assert words == [*OPTIMIZE, "--resume"]
    resumed = project.run(*words, "--json").json
    assert 0 < resumed["usage"]["reused_calls"] < resumed["usage"]["calls"]
    fresh = project.run(*OPTIMIZE, "--json", "--home", "elsewhere").json
    assert resumed["best"]["assignment"] == fresh["best"]["assignment"]
    assert resumed["candidates"] == fresh["candidates"]


def test_an_interruption_is_one_object_for_machines(project) -> None:
    """With `--json` the way to go on is in the object."""
    code, out, _ = interrupted(project.start(*OPTIMIZE, "--json", latency=0.2), after="searching with")
    assert code == 130
    error = json.loads(out)["error"]
    assert error["code"] == "interrupted"
    assert error["hint"].endswith("--json --resume")


def test_an_interrupted_run_ends_without_a_trace(project) -> None:
    """Where there is nothing to resume, nothing is promised."""
    project.write("told.py", "import sys\nprint('reading', file=sys.stderr, flush=True)\nfrom topic import Classify\n")
    started = project.start("run", "told.py:Classify", "--input", "question.json", latency=30)
    code, out, err = interrupted(started, after="reading")
    assert (code, out) == (130, "")
    assert err.endswith("Interrupted.\n")
    assert "Traceback" not in err
