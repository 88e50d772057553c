"""Record types made at run time, from declaration to typed result."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import elixirml as ml
from elixirml.contracts import RecordDeclaration
from elixirml.errors import DeclarationError, ElixirError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

QUESTION = ml.schema("Question", {"question": str})
ANSWER = ml.schema(
    "Answer",
    [
        ml.FieldDeclaration("answer", description="one word"),
        ml.FieldDeclaration("confidence", float, constraints=[ml.Range(0, 1)], default=1.0),
        ml.FieldDeclaration("note", required=False, examples=["a guess"]),
    ],
)


def ran(program: Any, inputs: Mapping[str, object], *replies: str, home: Path) -> Any:
    """Return the output of a program whose model says these replies."""
    manager = PluginManager.load()
    script = list(replies)
    manager.registry.offer(
        "language_models", "scripted", ScriptedProvider({"m": ScriptedModel(name="scripted/m", script=script)})
    )
    with ml.BlockingKernel(ml.Kernel(plugins=manager, home=home)) as door:
        return door.run(program, inputs).output


def answering(output: RecordDeclaration = ANSWER) -> Any:
    """Return a program made of nothing but declarations."""
    reply = ml.predict(output, model="scripted/m", adapter="json", using="direct")
    return ml.Program.create("QA", inputs=QUESTION, outputs=output, stages={"reply": reply})


def test_a_run_time_schema_is_input_output_and_reply(tmp_path: Path) -> None:
    """A program of run-time schemas alone runs to a value with attributes, defaults filled in."""
    output = ran(answering(), {"question": "Which city?"}, '{"answer": "Oslo"}', home=tmp_path)
    assert (output.answer, output.confidence, output.note) == ("Oslo", 1.0, None)


def test_a_predict_stage_alone_takes_a_run_time_schema(tmp_path: Path) -> None:
    """Where a class can be answered with, a run-time schema can."""
    program = ml.Program.create(
        "Short", inputs="question", stages={"reply": ml.predict(ANSWER, model="scripted/m", adapter="json")}
    )
    output = ran(program, {"question": "?"}, '{"answer": "Oslo", "confidence": 0.5, "note": "seen"}', home=tmp_path)
    assert (output.answer, output.confidence, output.note) == ("Oslo", 0.5, "seen")


def test_what_the_declaration_bounds_is_bound(tmp_path: Path) -> None:
    """Constraints of a run-time field hold for what the model says."""
    with pytest.raises(ElixirError, match="confidence"):
        ran(answering(), {"question": "?"}, '{"answer": "Oslo", "confidence": 7}', home=tmp_path)


def test_a_run_time_schema_may_hold_another(tmp_path: Path) -> None:
    """Inside a list, an option or alone, a run-time schema is read like a class."""
    source = ml.schema("Source", {"title": str, "page": int})
    output = ml.schema("Cited", {"answer": str, "sources": list[source]})  # type: ignore[valid-type]
    reply = '{"answer": "Oslo", "sources": [{"title": "Atlas", "page": 3}]}'
    found = ran(answering(output), {"question": "?"}, reply, home=tmp_path)
    assert [(each.title, each.page) for each in found.sources] == [("Atlas", 3)]


def test_a_field_that_must_be_given_has_no_default() -> None:
    """The contradiction is refused where it is written."""
    with pytest.raises(DeclarationError, match="never be used"):
        ml.schema("Odd", [ml.FieldDeclaration("n", int, default=1, required=True)])
