"""Programs whose inputs and outputs are pydantic models, from end to end."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field

import elixirml as ml
from elixirml.errors import ParseError, ValidationError
from elixirml.plugins import PluginManager, Selection
from elixirml.testing.models import ScriptedModel, ScriptedProvider


class Question(BaseModel):
    context: str
    question: str = Field(min_length=1)


class Source(BaseModel):
    title: str
    page: int = Field(ge=1)


class Answer(BaseModel):
    answer: str = Field(description="one word")
    confidence: float = Field(ge=0, le=1)
    sources: list[Source] = []


class QA(ml.Program[Question, Answer]):
    """Answer the question from the context."""

    reply = ml.predict(Answer, adapter="json", model="scripted/model")

    @ml.ensure("not sure", then="retry", attempts=2)
    def confident(self, reply: Answer) -> bool:
        return reply.confidence >= 0.5


class Shelf(BaseModel):
    source: Source


class Titled(ml.Program[Shelf, Answer]):
    """Say what stands on the shelf."""

    reply = ml.predict(Answer, adapter="json", model="scripted/model")


ASKED = Question(context="The tower is in Paris.", question="Where?")
SURE = json.dumps({"answer": "Paris", "confidence": 0.9, "sources": [{"title": "Guide", "page": 3}]})
UNSURE = json.dumps({"answer": "Rome", "confidence": 0.1})


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def _kernel(tmp_path: Path, *replies: str) -> tuple[ml.Kernel, ScriptedModel]:
    model = ScriptedModel(script=replies)
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"model": model}))
    return ml.Kernel(plugins=manager, home=tmp_path), model


@pytest.mark.anyio
async def test_the_output_is_an_instance(tmp_path: Path) -> None:
    """A model goes in, a model comes out, and assertions see models in between."""
    kernel, model = _kernel(tmp_path, UNSURE, SURE)
    async with kernel:
        result = await kernel.run(QA, ASKED)

    assert result.output == Answer(answer="Paris", confidence=0.9, sources=[Source(title="Guide", page=3)])
    assert result.fields["sources"] == [{"title": "Guide", "page": 3}]
    assert len(model.requests) == 2
    assert "one word" in str(model.requests[0].messages)
    assert "The tower is in Paris." in str(model.requests[0].messages)


@pytest.mark.anyio
async def test_a_reply_that_breaks_a_constraint_is_an_error(tmp_path: Path) -> None:
    """What pydantic refuses never becomes an output."""
    kernel, _ = _kernel(tmp_path, json.dumps({"answer": "Paris", "confidence": 7}))
    async with kernel:
        with pytest.raises(ParseError) as caught:
            await kernel.run(QA, ASKED)

    assert "confidence" in caught.value.path


@pytest.mark.anyio
async def test_wrong_inputs_are_refused_before_any_call(tmp_path: Path) -> None:
    """Constraints of the input model hold for mappings as well."""
    kernel, model = _kernel(tmp_path, SURE)
    async with kernel:
        with pytest.raises(ValidationError) as caught:
            await kernel.run(QA, {"context": "", "question": ""})

    assert [problem.path for problem in caught.value.problems] == [("question",)]
    assert not model.requests


@pytest.mark.anyio
async def test_a_nested_input_reaches_the_prompt_as_json(tmp_path: Path) -> None:
    """The model should see a nested record as it sees one made of attrs classes."""
    kernel, model = _kernel(tmp_path, SURE)
    async with kernel:
        await kernel.run(Titled, Shelf(source=Source(title="Guide", page=3)))

    assert '"title": "Guide"' in model.requests[0].messages[-1].content.replace('":"', '": "')


@pytest.mark.anyio
async def test_it_is_engine_enough_where_no_other_is_installed(tmp_path: Path) -> None:
    """Programs without classes run too, on models made at run time."""
    manager = PluginManager.load(Selection(disable=("schemas",)))
    model = ScriptedModel(script=['{"answer": "Paris", "sure": true}'])
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"model": model}))
    async with ml.Kernel(plugins=manager, home=tmp_path) as kernel:
        task = ml.predict("question -> answer: str, sure: bool", adapter="json", model="scripted/model")
        result = await kernel.run(task, {"question": "Where?"})

    assert (result.output.answer, result.output.sure) == ("Paris", True)
    assert isinstance(result.output, BaseModel)
