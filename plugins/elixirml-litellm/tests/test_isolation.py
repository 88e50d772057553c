"""litellm stays out of the process until one of its models is called, and unsafe ones stay out for good."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from elixirml.errors import ModelUnavailable
from elixirml_litellm.library import Library
from elixirml_litellm.provider import LiteLlm

POISON = '''
import sys

class Poison:
    """Forbids what litellm is and brings."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"litellm", "openai", "boto3", "aiohttp", "tokenizers", "tiktoken", "httpx"}:
            raise AssertionError(f"imported {name}")

sys.meta_path.insert(0, Poison())
'''
OPENING = """
import anyio
import elixirml as ml
import elixirml_litellm.plugin
from elixirml.cli.app import elixirml
from elixirml.plugins import PluginManager

manager = PluginManager.load()
assert "litellm" in manager.registry.names("language_models")
for arguments in (["--help"], ["plugins", "list"], ["models", "list"]):
    elixirml(arguments, standalone_mode=False)
kernel = ml.Kernel(plugins=manager)
model = kernel.language_model("litellm/openai/gpt-4o")
assert model.facts.cost(ml.contracts.Usage(1, 1000, 0, 100)) == 0.0035
print(model.name, model.fingerprint)
"""
CALLING = """
try:
    async def main():
        async with kernel:
            await model.complete(ml.contracts.ModelRequest((ml.contracts.Message(ml.contracts.Role.USER, "x"),)))
    anyio.run(main)
except ml.errors.ModelUnavailable as error:
    print("poisoned:", error)
"""


def installed_in(folder: Path, version: str) -> Path:
    """Install what has litellm's metadata and table, and whose import fails."""
    package, info = folder / "litellm", folder / f"litellm-{version}.dist-info"
    package.mkdir(parents=True)
    info.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('imported')")
    row = '{"litellm_provider": "openai", "input_cost_per_token": 2.5e-06, "output_cost_per_token": 1e-05}'
    (package / "model_prices_and_context_window_backup.json").write_text('{"gpt-4o": ' + row + "}")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: litellm\nVersion: {version}\n")
    return folder


def test_nothing_of_litellm_is_imported_before_a_call(tmp_path: Path) -> None:
    """Importing elixirml, help, listings, loading plugins, opening a model, its price: all with a poisoned import.

    The call at the end does meet the poison, so it would have been met before.
    """
    path = os.pathsep.join([str(installed_in(tmp_path / "site", "1.110.2")), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", POISON + OPENING + CALLING],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr
    assert "litellm/openai/gpt-4o litellm-1.110.2@default" in done.stdout
    assert "poisoned:" in done.stdout
    assert "imported litellm" in done.stdout


WATCHING = """
import socket, sys

asked = []

def watch(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen"}:
        asked.append((event, arguments))

sys.addaudithook(watch)
from elixirml_litellm.library import Library

module = Library().module()
assert module.acompletion and module.model_cost
print("while it was imported:", asked)
try:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
except OSError:
    pass
print("events seen:", len(asked))
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("litellm") is None, reason="pip install 'elixirml-litellm[litellm]' to run this")
def test_nothing_is_fetched_while_the_real_litellm_is_imported(tmp_path: Path) -> None:
    """No connection is tried and no name looked up; the variable that sees to it is afterwards as it was.

    The connection that is tried at the end is seen, so one before would have been.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM")}
    ending = "import os; assert 'LITELLM_LOCAL_MODEL_COST_MAP' not in os.environ"
    done = subprocess.run(
        [sys.executable, "-c", WATCHING + ending], capture_output=True, text=True, cwd=tmp_path, env=clean
    )
    assert done.returncode == 0, done.stderr
    assert "while it was imported: []" in done.stdout
    assert "events seen: 2" in done.stdout or "events seen: 1" in done.stdout


@pytest.mark.parametrize("version", ["1.82.6", "1.82.8", "1.83.6", "0.9"])
def test_an_unsafe_litellm_is_refused(version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its version is read from its metadata, and nothing of it is run."""
    monkeypatch.syspath_prepend(str(installed_in(tmp_path, version)))
    with pytest.raises(ModelUnavailable, match=r"not safe: 1\.83\.7") as raised:
        Library().module()
    assert raised.value.hint == "pip install 'elixirml-litellm[litellm]'"


def test_a_missing_litellm_is_told_when_a_model_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hint is the command, ready to be copied."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModelUnavailable, match="not installed") as raised:
        _ = Library().table
    assert raised.value.hint == "pip install 'elixirml-litellm[litellm]'"


def test_a_name_without_a_provider_is_told() -> None:
    """The library guesses then; this does not."""
    with pytest.raises(ModelUnavailable, match="names no provider"):
        LiteLlm().open("gpt-4o", None)  # type: ignore[arg-type]  # no host is asked before the name is read
    assert LiteLlm().models() == ()
