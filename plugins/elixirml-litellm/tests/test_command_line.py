"""Models through litellm on the command line: what users see when something is wrong, and the checks that tell what."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import field, frozen
from click.testing import CliRunner, Result

from elixirml.cli.app import elixirml
from elixirml.contracts import ToolCall
from elixirml.testing.loopback import Answer, Fault, LoopbackServer, Received
from elixirml_litellm.place import speaks_of_a_secret

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # litellm's own warnings are not ours to mend
    pytest.mark.skipif(find_spec("litellm") is None, reason="pip install 'elixirml-litellm[litellm]' to run these"),
]
CANARY = "sk-canary-4711"
PROGRAM = '''
"""A program of the tests."""

import elixirml as ml

ask = ml.predict("question -> answer", adapter="json")
'''
SETTINGS = """
[plugins.litellm.keys]
openai = "env:A_KEY"

[plugins.litellm.addresses]
openai = "{url}"
"""
Say = Callable[..., Result]
Serve = Callable[[Any], LoopbackServer]


@frozen
class Case:
    """Something that is wrong, and what must be said.

    Attributes:
        model: What the user asks for.
        code: The error's code.
        words: What the message and its hint must hold: the model, the setting, the next step.
        exit_code: 2 where the user's input is at fault, 3 where the model failed.
        script: What the provider answers.
        url: Where the provider is; at the server of the test when empty.
        calls: How often the provider may be asked.
    """

    model: str
    code: str
    words: tuple[str, ...]
    exit_code: int = 3
    script: Fault = field(factory=Fault)
    url: str = ""
    calls: int = 0


PARAMETER = Fault(status=400, body='{"error": {"message": "up to 2", "param": "temperature"}}')
CASES = {
    "no provider": Case("litellm/openai", "model-unavailable", ("`litellm/openai`", "litellm/PROVIDER/MODEL"), 2),
    "an unknown provider": Case("litellm/nobody/m", "model-unavailable", ("litellm/nobody/m", "Check the name")),
    "no key": Case("litellm/mistral/m", "model-access", ("litellm/mistral/m", "export MISTRAL_API_KEY=...")),
    "no address": Case("litellm/openai/m", "config-invalid", ("litellm.addresses.openai", "nowhere"), 2, url="nowhere"),
    "no host": Case(
        "litellm/openai/m",
        "model-connection",
        ("litellm/openai/m", "[plugins.litellm.addresses]"),
        url="http://127.0.0.1:9/v1",
    ),
    "an unknown model": Case(
        "litellm/openai/m",
        "model-unavailable",
        ("litellm/openai/m", "no such model", "Check the name"),
        script=Fault(status=404, code="model_not_found", message="no such model"),
        calls=1,
    ),
    "a wrong key": Case(
        "litellm/openai/m",
        "model-access",
        ("litellm/openai/m", "bad ***", "[plugins.litellm.keys]"),
        script=Fault(status=401, code="invalid_api_key", message=f"bad {CANARY}"),
        calls=1,
    ),
    "too long a prompt": Case(
        "litellm/openai/m",
        "context-length",
        ("litellm/openai/m", "fewer or shorter demos"),
        script=Fault(status=400, code="context_length_exceeded", message="too long"),
        calls=1,
    ),
    "a parameter out of bounds": Case(
        "litellm/openai/m",
        "model-request",
        ("litellm/openai/m", "up to 2", "Change the setting `temperature`"),
        script=PARAMETER,
        calls=1,
    ),
}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server on a thread of its own."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        yield lambda script: stack.enter_context(portal.wrap_async_context_manager(LoopbackServer(script).running()))


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Give a command in a folder with a program and settings; no variable holds a key but `A_KEY`."""
    for name in [each for each in os.environ if speaks_of_a_secret(each)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("A_KEY", CANARY)
    (tmp_path / "asking.py").write_text(PROGRAM)
    (tmp_path / "question.json").write_text('{"question": "Where?"}')

    def given(*arguments: str, url: str) -> Result:
        (tmp_path / "elixirml.toml").write_text(SETTINGS.format(url=url))
        return CliRunner().invoke(elixirml, arguments, prog_name="elixirml")

    return given


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gives_one_typed_error(name: str, say: Say, serve: Serve) -> None:
    """It names the model and the setting, and the next step; where nothing needs to be asked, nothing is."""
    case = CASES[name]
    server = serve([case.script])

    asked = ("run", "asking.py:ask", "--input", "question.json", "--model", case.model)
    said = say(*asked, url=case.url or server.url)

    assert said.exit_code == case.exit_code, said.stderr
    assert said.stdout == ""
    assert said.stderr.count(f"[{case.code}]: ") == 1
    assert all(word in said.stderr for word in case.words), said.stderr
    assert "Traceback" not in said.stderr
    assert CANARY not in said.output
    assert len(server.received) == case.calls


def answer(request: Received) -> Answer:
    """Answer what the checks ask."""
    if request.body.get("tools"):
        return Answer("", tool_calls=(ToolCall("c", "note_number", '{"number": 7}'),))
    return Answer('{"ok": true}')


def test_a_model_is_checked(say: Say, serve: Serve) -> None:
    """Key, endpoint, reply, JSON, stream and tools, in four calls; the key is nowhere."""
    server = serve(answer)
    said = say("models", "check", "litellm/openai/gpt-4o", "--json", url=server.url)
    assert said.exit_code == 0, said.output
    report = json.loads(said.stdout)
    assert [each["status"] for each in report["checks"]] == ["ok"] * 7
    assert report["usage"]["money"] > 0
    assert len(server.received) == 4
    assert CANARY not in said.output


def test_a_check_without_a_key_asks_nothing(say: Say) -> None:
    """The variable that litellm looks for is named."""
    said = say("models", "check", "litellm/mistral/m", url="http://127.0.0.1:9/v1")
    assert said.exit_code == 1
    assert "[model-access] -> export MISTRAL_API_KEY=..." in said.stdout
