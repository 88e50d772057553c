"""Models over HTTP through the command line: what users see when something is wrong, and the checks that tell what."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from attrs import field, frozen
from click.testing import CliRunner, Result

from elixirml.cli.app import elixirml
from elixirml.contracts import ToolCall
from elixirml.testing.loopback import Answer, Fault, LoopbackServer, Received

CANARY = "sk-canary-4711"
PROGRAM = '''
"""A program of the tests."""

from attrs import frozen

import elixirml as ml


@frozen
class Question:
    question: str


@frozen
class Answer:
    answer: str


class Ask(ml.Program[Question, Answer]):
    """Answer."""

    reply = ml.predict(Answer, adapter="json")
'''

Serve = Callable[[Any], LoopbackServer]
Say = Callable[..., Result]


@frozen
class Case:
    """Something that is wrong, and what must be said.

    Attributes:
        model: What the user asks for.
        code: The error's code.
        words: What the message and its hint must hold: the model, the setting, the next step.
        exit_code: 2 where the user's input is at fault, 3 where the model failed.
        script: What the provider answers.
        environment: What is set.
        calls: How often the provider may be asked.
    """

    model: str
    code: str
    words: tuple[str, ...]
    exit_code: int = 3
    script: Fault = field(factory=Fault)
    environment: dict[str, str] = field(factory=dict[str, str])
    calls: int = 0


def told(**error: str) -> Fault:
    """Return a refusal in OpenAI's form."""
    return Fault(status=400, body=json.dumps({"error": error}))


CASES = {
    "no key": Case(
        "openai/x", "model-access", ("openai/x", "export OPENAI_API_KEY="), environment={"OPENAI_API_KEY": ""}
    ),
    "no key of the other": Case(
        "anthropic/x",
        "model-access",
        ("anthropic/x", "export ANTHROPIC_API_KEY="),
        environment={"ANTHROPIC_API_KEY": ""},
    ),
    "no provider": Case("opnai/x", "plugin-missing", ("opnai", "Did you mean `openai`"), 2),
    "no model": Case("openai", "model-name", ("openai", "provider/model"), 2),
    "no endpoint": Case("http/lab/x", "model-unavailable", ("http/lab/x", "[plugins.http.endpoints."), 2),
    "no host": Case(
        "openai/x",
        "model-connection",
        ("openai/x", "127.0.0.1:9", "Check the address"),
        environment={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"},
    ),
    "no address": Case(
        "openai/x",
        "config-invalid",
        ("openai_url", "OPENAI_BASE_URL", "^https?://", "localhost:8000"),
        2,
        environment={"OPENAI_BASE_URL": "localhost:8000/v1"},
    ),
    "a key in quotation marks and on two lines": Case(
        "openai/x",
        "model-access",
        ("openai/x", "env:OPENAI_API_KEY", "Set it again"),
        environment={"OPENAI_API_KEY": f"'{CANARY}\n'"},
    ),
    "a setting of the wrong type": Case(
        "openai/x", "config-invalid", ("timeout", "soon"), 2, environment={"ELIXIRML_HTTP__TIMEOUT": "soon"}
    ),
    "a wrong key": Case(
        "openai/x",
        "model-access",
        ("openai/x", "bad key", "OPENAI_API_KEY"),
        script=Fault(status=401, code="invalid_api_key", message="bad key"),
        calls=1,
    ),
    "an unknown model": Case(
        "openai/x",
        "model-unavailable",
        ("openai/x", "no such model", "Check the name"),
        script=Fault(status=404, code="model_not_found", message="no such model"),
        calls=1,
    ),
    "too long a prompt": Case(
        "openai/x",
        "context-length",
        ("openai/x", "fewer or shorter demos"),
        script=Fault(status=400, code="context_length_exceeded", message="too long"),
        calls=1,
    ),
    "a parameter out of bounds": Case(
        "openai/x",
        "model-request",
        ("openai/x", "up to 2", "Change the setting `temperature`"),
        script=told(message="up to 2", type="invalid_request_error", param="temperature"),
        calls=1,
    ),
    "a parameter of the other": Case(
        "anthropic/x",
        "model-request",
        ("anthropic/x", "temperature: up to 1", "Change the setting"),
        script=Fault(status=400, code="invalid_request_error", message="temperature: up to 1"),
        calls=1,
    ),
}


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a server on a thread of its own, at which both providers are."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())

        def started(script: Any) -> LoopbackServer:
            server = stack.enter_context(portal.wrap_async_context_manager(LoopbackServer(script).running()))
            monkeypatch.setenv("OPENAI_BASE_URL", server.url)
            monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
            return server

        yield started


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Give a command in a folder with a program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    monkeypatch.setenv("ANTHROPIC_API_KEY", CANARY)
    (tmp_path / "asking.py").write_text(PROGRAM)
    (tmp_path / "question.json").write_text('{"question": "Where?"}')

    def given(*arguments: str) -> Result:
        return CliRunner().invoke(elixirml, arguments, prog_name="elixirml")

    return given


@pytest.mark.parametrize("name", CASES)
def test_bad_input_gives_one_typed_error(name: str, say: Say, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the model and the setting, and the next step; where nothing needs to be asked, nothing is."""
    case = CASES[name]
    server = serve([case.script])
    for variable, value in case.environment.items():
        monkeypatch.setenv(variable, value)

    said = say("run", "asking.py:Ask", "--input", "question.json", "--model", case.model)

    assert said.exit_code == case.exit_code, said.stderr
    assert said.stdout == ""
    assert said.stderr.count(f"[{case.code}]: ") == 1
    assert len(said.stderr.strip().splitlines()) <= 3
    assert all(word in said.stderr for word in case.words), said.stderr
    assert CANARY not in said.output
    assert len(server.received) == case.calls


def answer(request: Received) -> Answer:
    """Answer what the checks ask, in each format."""
    if "note_number" in json.dumps(request.body.get("tools")):
        return Answer("", tool_calls=(ToolCall("c", "note_number", '{"number": 7}'),))
    return Answer('{"ok": true}')


@pytest.mark.parametrize("name", ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5"])
def test_a_model_is_checked(name: str, say: Say, serve: Serve) -> None:
    """Key, endpoint, reply, schema, stream and tools, in four calls; the key is nowhere."""
    server = serve(answer)
    said = say("models", "check", name)
    assert said.exit_code == 0, said.output
    assert [line.split()[0] for line in said.stdout.splitlines()] == ["ok"] * 7
    assert len(server.received) == 4
    assert CANARY not in said.output


def test_a_check_without_a_key_asks_nothing(say: Say, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be told before any call is told before any call."""
    server = serve(answer)
    monkeypatch.delenv("OPENAI_API_KEY")
    said = say("models", "check", "openai/x", "--json")
    failed = [each for each in json.loads(said.stdout)["checks"] if each["status"] == "failed"]
    assert [(each["name"], "export OPENAI_API_KEY" in each["hint"]) for each in failed] == [("key", True)]
    assert (said.exit_code, server.received) == (1, [])


def test_a_server_that_repeats_the_key_does_not_get_it_printed(say: Say, serve: Serve) -> None:
    """Neither on the screen nor in JSON."""
    serve([Fault(status=401, message=f"not {CANARY}")])
    for options in ((), ("--json",)):
        said = say("models", "check", "openai/x", *options)
        assert said.exit_code == 1
        assert "not ***" in said.output
        assert CANARY not in said.output
