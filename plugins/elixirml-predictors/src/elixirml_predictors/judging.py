"""Judging several answers with one more call: the model is shown them all and answers anew.

Used by the strategies that compare: what they have in common is the question.
"""

import json
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from elixirml.contracts import Field, Prediction, PredictorCall, Signature

__all__ = ["compared", "numbered", "with_input"]

_TEXT: Final = {"type": "string"}
_LONGEST: Final = 2000


def with_input(signature: Signature, name: str, description: str) -> tuple[Signature, str]:
    """Return the task with one more input, and the name it got: another one when the task has it already."""
    taken = {each.name for each in (*signature.inputs, *signature.outputs)}
    while name in taken:
        name = f"{name}_"
    added = Field(name, str, _TEXT, description=description)
    return evolve(signature, inputs=(*signature.inputs, added)), name


def numbered(predictions: Sequence[Prediction]) -> str:
    """Return answers as a numbered list, each as JSON and cut where it is too long: data, not instructions."""
    lines = [json.dumps(dict(each.fields), ensure_ascii=False)[:_LONGEST] for each in predictions]
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


async def compared(
    call: PredictorCall, task: Signature, predictions: Sequence[Prediction], *, name: str, description: str
) -> Prediction:
    """Return what the model answers when it is shown several answers to the same question.

    Raises:
        ParseError: The reply does not hold the outputs.
    """
    asked, shown = with_input(task, name, description)
    values = {**call.format.values, shown: numbered(predictions)}
    judge = evolve(call, format=evolve(call.format, values=values, demos=(), temperature=0.0))
    return await judge.exchange(asked)
