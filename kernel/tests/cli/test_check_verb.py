"""`elixirml check`: the rules of a contract, tried on what is installed."""

import json
from typing import Any

import pytest

from elixirml.testing import InstalledPlugins

HOOKS = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_metrics():
    return [Contribution("right", "checked_parts:Right", "as it should be"),
            Contribution("wrong", "checked_parts:Wrong", "never the same")]

@hookimpl
def register_adapters():
    return [Contribution("plain", "elixirml.testing.conformance.predictor:PlainAdapter", "JSON, strictly")]

@hookimpl
def register_tools():
    return [Contribution("nothing", "checked_parts:Nothing", "does nothing")]

@hookimpl
def register_language_models():
    return [Contribution("echo", "checked_parts:Provider", "says it louder")]

@hookimpl
def register_middlewares():
    return [Contribution("through", "checked_parts:Through", "passes all")]

@hookimpl
def register_extensions():
    return [Contribution("watching", "checked_parts:Watching", "watches")]

@hookimpl
def register_configurations():
    return [Contribution("watching", "checked_parts:Config", "what is watched")]
"""

PARTS = '''
import itertools
from attrs import frozen
from elixirml.config import option
from elixirml.contracts import Capability, Direction, Extension, Score
from elixirml.testing.models import ScriptedModel, ScriptedProvider

COUNT = itertools.count()


class Right:
    direction, unit, failure = Direction.MAXIMIZE, "fraction", 0.0

    def score(self, example, prediction):
        return Score(float(prediction.fields.get("answer") == example.expected["answer"]))


class Wrong(Right):
    def score(self, example, prediction):
        print("judging")
        found = super().score(example, prediction).value
        return Score(found - 0.0001 * next(COUNT) if found < 1 else found)


class Nothing:
    name, description, parameters = "nothing", "Does nothing.", {"type": "object", "properties": {}}
    examples, flags = (), frozenset()

    async def call(self, arguments, context): ...


class Provider(ScriptedProvider):
    def __init__(self):
        can = frozenset({Capability.STREAM})
        super().__init__({"small": ScriptedModel(name="echo/small", script=["Hello there."], capabilities=can)})


class Through:
    order = 55

    def variables(self):
        return ()

    def wrap(self, model, *, options, host):
        assert not host.cache_dir.joinpath("kept").exists()
        return model


@frozen
class Config:
    """What is watched."""

    folder: str = option(".", help="What is watched.")


class Watching(Extension):
    def initialize(self, host):
        assert host.configuration("watching").folder == "."
'''


@pytest.fixture
def shop(project: Any) -> Any:
    """A project with a plugin that offers something right and something wrong."""
    with InstalledPlugins(project.folder / "site") as installed:
        installed.add("checked", source=HOOKS, modules=[("checked_parts", PARTS)])
        yield project


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("metric", "right"),
        ("language-model", "echo/small"),
        ("language_models", "echo"),
        ("middleware", "through"),
        ("extension", "watching"),
        ("configuration", "watching"),
    ],
)
def test_what_is_right_passes(kind: str, name: str, shop: Any) -> None:
    """Every kind is checked as it is installed, and a right capability ends with exit code 0."""
    said = shop.say("check", kind, name)
    assert said.code == 0, said.out
    assert " 0 failed" in said.out


def test_what_is_wrong_is_told_with_what_to_do(shop: Any) -> None:
    """Each failing rule is named with its promise and a message, and the exit code is 1."""
    said = shop.say("check", "metric", "wrong")
    assert said.code == 1
    assert "failed   the_same_prediction_has_the_same_score: Scores are kept and compared" in said.out
    assert "keep no state" in said.out
    assert said.out.splitlines()[-1] == "9 passed, 1 failed, 0 skipped"


def test_machines_are_told_the_same(shop: Any) -> None:
    """With `--json` there is one object, whatever the capability prints."""
    said = shop.say("check", "metric", "wrong", "--json")
    assert said.code == 1
    assert said.json["counts"] == {"passed": 9, "failed": 1, "skipped": 0}
    assert said.json["failed"][0]["name"] == "test_the_same_prediction_has_the_same_score"


def test_what_could_not_be_tried_is_told(shop: Any) -> None:
    """A rule that needs material says which; quietly, only the counts are said."""
    said = shop.say("check", "tool", "nothing")
    assert "skipped  a_failure_is_a_result" in said.out
    assert "let `failing` return its arguments" in said.out
    assert "skipped  " not in shop.say("check", "tool", "nothing", "--quiet").out


def test_a_plugin_is_checked_by_its_name(shop: Any) -> None:
    """The hook module is found by the entry name, as `elixirml plugins list` shows it."""
    said = shop.say("check", "plugin", "planted")
    assert said.code == 0, said.out + said.err


def test_a_table_is_tried_row_by_row(shop: Any) -> None:
    """With `--cases` the rows are tried instead of the rules, and failing ones are told by id."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {"type": "integer"}}, "required": ["n"]}
    rows = [
        {"id": "c-1", "input": {"reply": '{"n": 1, "m": 2}', "schema": schema}, "expected": {"ok": {"n": 1.0, "m": 2}}},
        {"id": "c-2", "input": {"reply": "no", "schema": schema}, "expected": {"error": "missing_field"}},
        {"id": "c-3", "input": {"reply": "no", "schema": schema}, "expected": {"ok": {"n": 1}}, "why": "it says no"},
        {"id": "c-4", "input": {"url": "https://example.org"}, "expected": {"allowed": True}},
    ]
    shop.write("cases.jsonl", "".join(f"{json.dumps(each)}\n" for each in rows))

    said = shop.say("check", "adapter", "plain", "--cases", "cases.jsonl")

    assert said.code == 1
    assert "failed   c-3: it says no" in said.out
    assert said.out.splitlines()[-1] == "2 passed, 1 failed, 1 skipped"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "adaptor", "plain"), "Did you mean `adapter`?"),
        (("check", "metric", "rihgt"), "Did you mean `right`?"),
        (("check", "metric", "right", "--cases", "cases.jsonl"), "None of the 1 rows"),
        (("check", "metric", "right", "--cases", "absent.jsonl"), "cannot be read"),
        (("check", "metric", "right", "--cases", "broken.jsonl"), "line 2, is no case"),
    ],
)
def test_what_cannot_be_checked_is_told(arguments: tuple[str, ...], words: str, shop: Any) -> None:
    """A check that tried nothing never seems to have passed."""
    shop.write("cases.jsonl", '{"id": "c-1", "input": {"metric": "f1"}, "expected": {"value": 1}}\n')
    shop.write("broken.jsonl", '{"id": "c-1", "input": {}, "expected": {}}\nnothing\n')
    said = shop.say(*arguments)
    assert said.code == 2
    assert words in said.err
