"""A whole study by Optuna, with a scripted model."""

from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import frozen

import elixirml as ml
from elixirml.contracts import ModelRequest
from elixirml.plugins import PluginManager
from elixirml.studies.report import Verdict
from elixirml.testing.models import ScriptedModel, ScriptedProvider


@frozen
class Text:
    text: str


@frozen
class Label:
    label: Literal["even", "odd"]


class Sort(ml.Program[Text, Label]):
    """Is the number even?"""

    instruction = ml.variable("Guess.", bank=["Look at the last digit.", "Be quick."])
    reply = ml.predict(Label, instruction=instruction, adapter="json", model="scripted/model")


ROWS = [{"text": f"number {at}", "label": "odd" if at % 2 else "even"} for at in range(120)]


def _answer(request: ModelRequest) -> str:
    shown = " ".join(message.content for message in request.messages)
    digit = int(request.messages[-1].content.partition("number ")[2].partition('"')[0].split()[0])
    odd = digit % 2 == 1 if "last digit" in shown else digit % 3 == 0
    return f'{{"label": "{"odd" if odd else "even"}"}}'


def _optimize(home: Path, calls: int, *, sampler: str = "tpe", resume: bool = False) -> Any:
    manager = PluginManager.load()
    model = ScriptedModel(script=_answer)
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"model": model}))
    with ml.BlockingKernel(ml.Kernel(plugins=manager, home=home)) as door:
        options = {"demos": "none", "sampler": sampler}
        return door.optimize(
            Sort, ROWS, teleprompter="optuna", budget=ml.Budget(calls=calls), options=options, resume=resume
        )


def _instruction(report: Any) -> str:
    return str(report.best.banks["instruction"][report.best.assignment["instruction"]].value)


def test_the_better_instruction_is_found_and_confirmed(tmp_path: Path) -> None:
    """From the door to the verdict, as with any other teleprompter; and the same with the same seed."""
    one, other = (_optimize(tmp_path / name, 400) for name in ("one", "other"))

    assert one.verdict is Verdict.CONFIRMED
    assert _instruction(one) == "Look at the last digit."
    assert one.best.assignment == other.best.assignment
    assert [each.id for each in one.candidates] == [each.id for each in other.candidates]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_a_resumed_study_ends_as_it_did(tmp_path: Path, sampler: str) -> None:
    """Resuming asks for nothing anew and proposes the same candidates."""
    first = _optimize(tmp_path, 300, sampler=sampler)
    again = _optimize(tmp_path, 300, sampler=sampler, resume=True)

    assert [each.id for each in first.candidates] == [each.id for each in again.candidates]
    assert again.reused_calls == first.search_calls + first.confirm_calls
