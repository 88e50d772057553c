"""The fixtures that come with ElixirML, as a test of somebody else's uses them."""

import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = "elixirml.testing.pytest_plugin"

TESTS = '''
"""Tests of somebody else's."""

import os

import pytest

from elixirml.contracts import Message, ModelRequest, Role
from elixirml.errors import ConfigError
from elixirml.plugins import Contribution, hookimpl

SEEN = []


class Mine:
    @hookimpl
    def register_metrics(self):
        yield Contribution("always", "somewhere:Always", "always 1")


def test_a_plugin_is_taken_out_again(plugin_manager):
    plugin_manager.add("mine", Mine())
    SEEN.append(plugin_manager)
    assert plugin_manager.registry.names("metrics") == ("always",)
    raise RuntimeError("the test goes wrong")


def test_nothing_is_left(plugin_manager):
    assert SEEN[0] is not plugin_manager
    assert SEEN[0].records == plugin_manager.records == ()
    assert SEEN[0].registry.names("metrics") == ()


def test_nothing_is_looked_for(plugin_manager):
    with pytest.raises(ConfigError):
        type(plugin_manager).load(discover=True)


@pytest.mark.anyio
async def test_a_model_answers_from_its_script(kernel, scripted_model):
    scripted_model.script = ["film"]
    async with kernel:
        model = kernel.language_model("scripted/model")
        reply = await model.complete(ModelRequest((Message(Role.USER, "A movie?"),)))
    assert reply.text == "film"
    assert len(scripted_model.requests) == 1
    assert "ELIXIRML_KERNEL__MODEL" not in os.environ


def test_time_stands_still(fake_clock):
    fake_clock.advance(5)
    assert fake_clock() == 5.0
'''


def test_fixtures_keep_what_they_say(tmp_path: Path) -> None:
    """A manager undoes what a test gave it, also when the test fails; kernel, model and clock are at hand."""
    (tmp_path / "test_theirs.py").write_text(TESTS, "utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        PLUGIN,
        "-o",
        "addopts=",
        str(tmp_path),
    ]
    environ = {"ELIXIRML_KERNEL__MODEL": "their/model", "PATH": "", "HOME": str(tmp_path)}

    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)

    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "the test goes wrong" in done.stdout
    assert "error" not in done.stdout.splitlines()[-1]


def test_they_cost_nothing_before_they_are_used(tmp_path: Path) -> None:
    """Nothing of the kernel comes with them."""
    code = (
        "import sys, elixirml.testing.pytest_plugin\n"
        "print(*sorted(each for each in sys.modules if each.split('.')[0] in {'elixirml', 'pluggy', 'attrs', 'anyio'}))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    ours = [each for each in loaded if not each.startswith("pluggy")]  # which is pytest's own
    assert ours == ["elixirml", "elixirml.testing", "elixirml.testing.pytest_plugin"]


def test_the_package_offers_its_names_when_they_are_used() -> None:
    """And no others."""
    from elixirml import testing

    assert testing.InstalledPlugins.__name__ == "InstalledPlugins"
    with pytest.raises(AttributeError, match="has no attribute 'InstalledPlugin'"):
        _ = testing.InstalledPlugin


def test_without_pytest_the_command_is_told() -> None:
    """Whoever imports the fixtures without pytest is told what to install."""
    code = "import sys; sys.modules['pytest'] = None\nimport elixirml.testing.pytest_plugin"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'elixirml[testing]'" in done.stderr
