"""`elixirml run --stream`: fields as they arrive, for people and for machines, and the exit codes of a run."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from elixirml.testing import InstalledPlugins

HOOKS = """
from elixirml.plugins import Contribution, hookimpl

@hookimpl
def register_adapters():
    return [Contribution("lines", "planted_lines:Lines", "a line for each field")]

@hookimpl
def register_language_models():
    return [Contribution("poet", "planted_lines:PROVIDER", "answers from a script")]
"""

LINES = """
import os

from elixirml.contracts import FieldDelta, Message, ModelRequest, Role
from elixirml.testing.models import ScriptedModel, ScriptedProvider

class Lines:
    def suits(self, signature):
        return 1

    def variables(self, signature):
        return ()

    def fit(self, signature, observations, *, options):
        return {}

    def format(self, call):
        refused = call.feedback.message if call.feedback else ""
        return ModelRequest(messages=(Message(Role.USER, f"{call.signature.outputs[0].name} {refused}"),))

    def parse(self, signature, response, *, options):
        found = dict(line.split(": ", 1) for line in response.text.splitlines())
        return {each.name: int(found[each.name]) if each.annotation is int else found[each.name]
                for each in signature.outputs}

    def stream_parser(self, signature, *, options):
        return Parser()

class Parser:
    def __init__(self):
        self.line = ""

    def feed(self, text):
        deltas = []
        for sign in text:
            name, colon, _ = self.line.partition(": ")
            if colon:
                deltas.append(FieldDelta(name, "", last=True) if sign == "\\n" else FieldDelta(name, sign))
            self.line = "" if sign == "\\n" else self.line + sign
        return deltas

    def close(self):
        return self.feed("\\n")

def reply(request):
    text = request.messages[-1].content
    if "too short" in text:
        return "poem: much longer"
    return {"poem ": "poem: Rose, oh", "title ": "title: Ode\\nlines: 2\\nwhy: so"}[text]

breaks_after = int(os.environ.get("BREAKS_AFTER", "0")) or None
PROVIDER = ScriptedProvider({"m": ScriptedModel("poet/m", reply, breaks_after=breaks_after)})
"""

HEAD = """
import elixirml as ml

def ask(task, **options):
    return ml.predict(task, adapter="lines", model="poet/m", **options)

"""

PROGRAMS = {
    "one.py": 'Poem = ask("topic -> poem")\n',
    "several.py": 'Poem = ask("topic -> title: str, lines: int")\n',
    "stages.py": """
def shouted(self, poem: ml.Program) -> str:
    return poem.poem.upper()

Poem = ml.Program.create("Poem", inputs="topic", outputs="lines: int, shouted: str", stages={
    "poem": ask("topic -> poem"), "shouted": ml.stage(shouted), "head": ask("shouted -> title: str, lines: int")})
""",
    "again.py": """
Poem = ml.Program.create("Poem", inputs="topic", outputs="poem", stages={
    "reply": ask("topic -> poem"),
    "long": ml.ensure("too short")(lambda self, reply: len(reply.poem) > 10)})
""",
    "never.py": """
Poem = ml.Program.create("Poem", inputs="topic", outputs="poem", stages={
    "reply": ask("topic -> poem"),
    "long": ml.ensure("too short", attempts=1)(lambda self, reply: False)})
""",
}


@pytest.fixture
def poems(project: Any, tmp_path: Path) -> Iterator[Any]:
    """A project with programs that are answered piece by piece."""
    for name, text in PROGRAMS.items():
        project.write(name, HEAD + text)
    project.write("topic.json", '{"topic": "roses"}')
    with InstalledPlugins(tmp_path / "poets") as planted:
        planted.add("poets", source=HOOKS, modules=[("planted_lines", LINES)])
        yield project


def streamed(project: Any, program: str, *options: str) -> Any:
    """Run a program with `--stream`."""
    return project.say("run", program, "--input", "topic.json", "--stream", *options)


def test_one_field_is_printed_bare(poems: Any) -> None:
    """Its text and a line break are all there is on standard output; what it cost is on standard error."""
    said = streamed(poems, "one.py")
    assert (said.code, said.out) == (0, "Rose, oh\n")
    assert said.err.startswith("1 call, ")
    assert streamed(poems, "one.py", "--quiet").err == ""


def test_several_fields_are_printed_after_their_names(poems: Any) -> None:
    """As without `--stream`, to the sign; what only the strategy wants to know is left out."""
    said = streamed(poems, "several.py")
    assert said.out == "title: Ode\nlines: 2\n"
    assert poems.say("run", "several.py", "--input", "topic.json").out == said.out


def test_fields_of_several_stages_are_told_apart(poems: Any) -> None:
    """By their paths; what a Python stage makes of them follows at the end."""
    assert streamed(poems, "stages.py").out == (
        "poem.poem: Rose, oh\nhead.title: Ode\nhead.lines: 2\nshouted: ROSE, OH\n"
    )


def test_a_field_that_is_answered_again_begins_a_line(poems: Any) -> None:
    """What was refused has been printed by then; a note says why."""
    said = streamed(poems, "again.py")
    assert said.out == "Rose, oh\nmuch longer\n"
    assert "note: long: too short (attempt 1, retry)" in said.err


def test_machines_are_told_of_failed_assertions(poems: Any) -> None:
    """Each with what followed and whether it held in the end, and the record of the reply that was refused."""
    trace = poems.say("run", "again.py", "--input", "topic.json", "--json").json["trace"]
    (lapse,) = trace["lapses"]
    assert lapse == {
        "assertion": "long",
        "message": "too short",
        "attempt": 1,
        "followed": "retry",
        "mended": True,
    }
    assert [each.get("refused", False) for each in trace["stages"]] == [True, False]


def test_a_run_that_fails_tells_machines_of_its_assertions(poems: Any) -> None:
    """The object of the error holds what led to it."""
    said = poems.say("run", "never.py", "--input", "topic.json", "--json")
    assert (said.code, said.json["error"]["code"]) == (1, "assertion-failed")
    assert [(each["assertion"], each["followed"]) for each in said.json["error"]["lapses"]] == [("long", "raise")]


def test_machines_get_one_object_a_line(poems: Any) -> None:
    """Each piece as it arrived, and the object that `--json` alone prints at last."""
    said = streamed(poems, "several.py", "--json")
    *deltas, result = [json.loads(line) for line in said.out.splitlines()]
    alone = poems.say("run", "several.py", "--input", "topic.json", "--json").json

    assert deltas[0] == {"stage": "reply", "field": "title", "attempt": 1, "text": "O", "last": False}
    assert "".join(each["text"] for each in deltas if each["field"] == "title") == "Ode"
    assert [each["field"] for each in deltas if each["last"]] == ["title", "lines", "why"]
    assert (result["output"], result["trace"]) == (alone["output"], alone["trace"])
    assert said.err == ""


def test_a_failure_ends_the_line_and_says_why(poems: Any) -> None:
    """With the exit code of a run, and as an object on the last line for machines."""
    said = streamed(poems, "never.py", "--quiet")
    assert (said.code, said.out) == (1, "Rose, oh\n")
    assert "AssertionFailed" in said.err
    said = streamed(poems, "never.py", "--json")
    assert (said.code, json.loads(said.out.splitlines()[-1])["error"]["code"]) == (1, "assertion-failed")


def test_a_reply_that_breaks_off_leaves_what_had_come(poems: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a line of its own, with the exit code of a model that failed."""
    monkeypatch.setenv("BREAKS_AFTER", "3")
    said = streamed(poems, "one.py", "--quiet")
    assert (said.code, said.out) == (3, "Rose, \n")
    assert "ModelDisconnected [model-connection]" in said.err


def test_a_wrong_input_is_refused_before_anything_is_printed(poems: Any) -> None:
    """As without `--stream`."""
    poems.write("topic.json", '{"topik": "roses"}')
    said = streamed(poems, "one.py")
    assert (said.code, said.out) == (2, "")
    assert "topic" in said.err


def test_help_shows_how_to_stream(project: Any) -> None:
    """The option, and what it does with `--json`."""
    assert "--stream" in project.say("run", "--help").out
