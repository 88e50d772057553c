"""Tests of the tools of a stage: named or at hand, checked when the program is compiled, handed to its predictor."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import Prediction, PredictorCall, Signature, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.errors import DeclarationError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider


@frozen
class Doubling:
    """A tool."""

    name: str = "double"
    description: str = "Doubles a number."
    parameters: Mapping[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}
    examples: tuple[ToolExample, ...] = ()
    flags: frozenset[ToolFlag] = frozenset()

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        return ToolResult(2 * arguments["n"])


class Calling:
    """A predictor that calls every tool and answers with what they say."""

    def extend(self, signature: Signature) -> Signature:
        return signature

    def variables(self, signature: Signature) -> tuple[Any, ...]:
        return ()

    async def predict(self, call: PredictorCall) -> Prediction:
        said = [str((await each.call({"n": 4}, ToolContext())).content) for each in call.tools.values()]
        return Prediction({"answer": ",".join([*call.tools, *said])})


@pytest.fixture
def kernel(tmp_path: Path) -> ml.Kernel:
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": ScriptedModel()}))
    manager.registry.offer("predictors", "calling", Calling())
    manager.registry.offer("tools", "twice", Doubling("twice"))
    return ml.Kernel(plugins=manager, home=tmp_path, model="scripted/m")


def test_a_stage_hands_its_tools_to_its_predictor(kernel: ml.Kernel) -> None:
    """Installed tools by name and tools at hand, in the order they are given."""
    program = ml.predict("question -> answer", using="calling", tools=["twice", Doubling()])
    with ml.BlockingKernel(kernel) as door:
        assert door.run(program, {"question": "?"}).fields["answer"] == "twice,double,8,8"


@pytest.mark.parametrize(
    ("tools", "wrong"),
    [(["twic"], "Did you mean `twice`"), (["twice", Doubling("twice")], "two tools"), ([len], "elixirml_tools")],
)
def test_wrong_tools_are_told_when_the_program_is_compiled(kernel: ml.Kernel, tools: list[Any], wrong: str) -> None:
    """Nothing of this waits for the first model call."""
    with pytest.raises(DeclarationError, match=wrong):
        kernel.compile(ml.predict("question -> answer", using="calling", tools=tools))


def test_tools_are_part_of_what_a_program_is(kernel: ml.Kernel) -> None:
    """Another tool, or another description, is another program; none at all is the program it always was."""

    def structure(*tools: Any) -> str:
        return kernel.compile(ml.predict("question -> answer", tools=tools)).structure

    assert len({structure(), structure("twice"), structure(Doubling()), structure(Doubling(description="x"))}) == 4
    assert structure(Doubling()) == structure(Doubling())
