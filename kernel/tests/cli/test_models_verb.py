"""`elixirml models`: what there is, whether it can be used, and fetching what is a file."""

from typing import Any

import pytest

from elixirml.testing import InstalledPlugins

HOOKS = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_language_models():
    return [Contribution("kept", "model_parts:Kept", "models that are files"),
            Contribution("asked", "model_parts:Asked", "models that are asked"),
            Contribution("broken", "model_parts:missing", "not there")]
"""

PARTS = """
import json
from elixirml.contracts import Capability, ModelInfo, ModelResponse, ToolCall, Usage
from elixirml.errors import ModelAccessDenied, ModelDisconnected, ModelRateLimited
from elixirml.testing.models import ScriptedModel, ScriptedProvider

USED = Usage(calls=1, tokens_in=5, tokens_out=2, money=0.001)


def good(request):
    if request.json_schema is not None:
        return ModelResponse('{"ok": true}', usage=USED)
    if request.tools:
        call = ToolCall("c", request.tools[0].name, '{"number": 7}')
        return ModelResponse("", "tool_calls", USED, tool_calls=(call,))
    return ModelResponse("ok", usage=USED)


def raising(error):
    def reply(request):
        raise error
    return reply


def empty(request):
    return ModelResponse("", usage=USED)


class Keyed(ScriptedModel):
    def key_state(self):
        return "env:A_KEY is there"


class Keyless(ScriptedModel):
    def key_state(self):
        raise ModelAccessDenied("no key", hint="export A_KEY=...")


class Asked(ScriptedProvider):
    def __init__(self):
        plain = frozenset({Capability.TEXT})
        super().__init__({
            "good": Keyed("asked/good", good),
            "keyless": Keyless("asked/keyless", good),
            "plain": ScriptedModel("asked/plain", good, capabilities=plain),
            "wordy": ScriptedModel("asked/wordy", ["just words"]),
            "empty": ScriptedModel("asked/empty", empty),
            "gone": ScriptedModel("asked/gone", raising(ModelDisconnected("no connection", hint="Start it."))),
            "full": ScriptedModel("asked/full", raising(ModelRateLimited("too many\\nrequests", hint="Wait."))),
            "slow": ScriptedModel("asked/slow", good, latency=5.0),
        })

    def models(self):
        return ()


class Kept(ScriptedProvider):
    def __init__(self):
        super().__init__({"m": ScriptedModel("kept/m", good)})

    def models(self):
        return (ModelInfo("m", "a file", installed=False, size=12),)

    def about(self, model):
        self.open(model, None)
        return {"licence": "MIT"}

    def verify(self, model, cache):
        self.open(model, None)
        path = cache / model
        return path if path.is_file() and path.read_text() == "whole" else None

    def fetch(self, model, cache, *, say):
        say(f"downloading {model}")
        cache.mkdir(parents=True, exist_ok=True)
        (cache / model).write_text("whole")
        return cache / model
"""


@pytest.fixture
def project(project: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project in which a plugin with models of all sorts is installed, and its own cache."""
    monkeypatch.setenv("ELIXIRML_CACHE", str(project.folder / "cache"))
    InstalledPlugins(project.site).add("modelled", source=HOOKS, modules=[("model_parts", PARTS)])
    return project


def statuses(said: Any) -> dict[str, str]:
    """Return how each check of a JSON report ended."""
    return {each["name"]: each["status"] for each in said.json["checks"]}


def test_the_models_of_every_provider_are_listed(project: Any) -> None:
    """Those known by name, the prefixes of those that take any, and a warning for what is broken."""
    said = project.say("models", "list")
    assert said.code == 0
    assert "kept/m" in said.out
    assert "not fetched" in said.out
    assert "MIT" in said.out
    assert "asked/..." in said.out
    assert "warning" in said.err
    assert "broken" in said.err
    listed = project.say("models", "list", "--json").json
    mine = {"name": "kept/m", "summary": "a file", "installed": False, "bytes": 12, "licence": "MIT"}
    assert mine in listed["models"]
    assert listed["providers"]["asked"] == "models that are asked"


def test_a_model_that_is_a_file_is_fetched_once(project: Any) -> None:
    """Progress is on standard error; what is there is compared, and what is damaged is fetched again."""
    first = project.say("models", "get", "kept/m")
    assert (first.code, first.out, first.err) == (0, "kept/m is ready\n", "downloading m\n")
    path = project.folder / "cache" / "m"
    again = project.say("models", "get", "kept/m", "--json")
    assert again.json == {"name": "kept/m", "path": str(path), "fetched": False}
    path.write_text("damaged")
    quiet = project.say("models", "get", "kept/m", "--json", "--quiet")
    assert (quiet.json["fetched"], quiet.err) == (True, "")
    assert project.say("models", "show", "kept/m", "--json").json == {"name": "kept/m", "licence": "MIT"}


def test_a_bare_name_belongs_to_who_knows_it(project: Any) -> None:
    """The prefix may be left out where one provider of files alone knows the name."""
    assert project.say("models", "get", "m", "--json").json["name"] == "kept/m"


def test_what_is_no_file_is_not_fetched(project: Any) -> None:
    """The message says what to do instead."""
    said = project.say("models", "get", "asked/good")
    assert said.code == 3
    assert "elixirml models check asked/good" in said.err


def test_a_good_model_passes_every_check(project: Any) -> None:
    """One line a check, at most four calls that are announced, and what they cost."""
    said = project.say("models", "check", "asked/good")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == ["ok"] * 7
    assert "At most 4 short calls" in said.err
    assert "4 calls answered: 20 tokens in, 8 out, for $0.004" in said.err
    report = project.say("models", "check", "asked/good", "--json").json
    assert (report["ok"], report["model"], report["usage"]["calls"]) == (True, "asked/good", 4)


CASES = [
    ("asked/plain", {"structure": "skipped", "stream": "skipped", "tools": "skipped", "reply": "ok"}, 0),
    ("asked/wordy", {"structure": "failed", "stream": "ok", "tools": "failed", "key": "skipped"}, 1),
    ("asked/empty", {"endpoint": "ok", "reply": "failed", "stream": "skipped"}, 1),
    ("asked/gone", {"endpoint": "failed", "reply": "skipped", "tools": "skipped"}, 1),
    ("asked/full", {"endpoint": "ok", "reply": "failed", "tools": "skipped"}, 1),
    ("asked/slow", {"endpoint": "failed", "reply": "skipped"}, 1),
    ("asked/keyless", {"key": "failed", "endpoint": "skipped", "reply": "skipped", "structure": "skipped"}, 1),
    ("asked/never", {"name": "failed"}, 1),
    ("nobody/m", {"name": "failed"}, 1),
    ("kept/m", {"file": "failed", "structure": "skipped"}, 1),
]


@pytest.mark.parametrize(("name", "expected", "code"), CASES)
def test_what_is_wrong_is_found_where_it_is(project: Any, name: str, expected: dict[str, str], code: int) -> None:
    """What fails fails once, with what to do; what depends on it is skipped."""
    said = project.say("models", "check", name, "--json", "--timeout", "1")
    assert said.code == code
    found = statuses(said)
    assert {check: found.get(check) for check in expected} == expected
    failures = [each for each in said.json["checks"] if each["status"] == "failed"]
    assert all(each["hint"] and "\n" not in each["message"] + each["hint"] for each in failures)
    assert said.json["ok"] is (code == 0)


def test_a_fetched_model_is_checked_with_its_file(project: Any) -> None:
    """The digest is compared first."""
    project.say("models", "get", "kept/m")
    assert statuses(project.say("models", "check", "kept/m", "--json"))["file"] == "ok"
