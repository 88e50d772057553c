"""The demonstration keeps its figures: run as a user runs it, on the real model and real sentences."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.model, pytest.mark.slow, pytest.mark.timeout(1500)]


def run_demo(folder: Path, *options: str) -> dict[str, Any]:
    """Run `elixirml demo --json` in a folder and return its one JSON object."""
    done = subprocess.run(
        [sys.executable, "-m", "elixirml", "demo", "--json", *options],
        cwd=folder,
        env={**os.environ, "ELIXIRML_HOME": str(folder / ".elixirml")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_tuning_gains_25_points_and_reaches_75_percent_within_600_calls(tmp_path: Path) -> None:
    """The default demo is confirmed, reaches 75 % on 200 unseen rows, and leaves a program and a report behind."""
    found = run_demo(tmp_path)

    assert found["verdict"] == "confirmed"
    assert found["tuned"]["n"] >= 200
    assert found["tuned"]["mean"] >= 0.75
    assert found["tuned"]["mean"] - found["baseline"]["mean"] >= 0.25
    assert found["usage"]["search_calls"] + found["usage"]["confirm_calls"] <= 600
    assert json.loads((tmp_path / found["saved"]).read_text())["program"] == "SentenceSource"
    assert "<svg" in (tmp_path / found["report"]).read_text()


def test_the_same_seed_finds_the_same_winner(tmp_path: Path) -> None:
    """Two runs with one seed, in two homes, take the same course and end in the same values, to the last digit."""
    runs = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        found = run_demo(folder, "--budget", "calls=60", "--test-rows", "20", "--seed", "7")
        runs.append([found[each] for each in ("winner", "verdict", "confirmation", "effects", "tuned", "model_calls")])

    assert runs[0] == runs[1]
