"""Reasoning in words before the answer.

Wei et al., "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models", 2022: what a model has written down
it can build on, so the reasoning is asked for first and the outputs after it.
"""

from typing import Final

from attrs import evolve, frozen

from elixirml.contracts import Field, PredictorBase, Signature

__all__ = ["REASONING", "ChainOfThought"]

REASONING: Final = Field(
    "reasoning", str, {"type": "string"}, description="the steps that lead to the answer, in one or two sentences"
)
"""The output that is asked for first."""


@frozen
class ChainOfThought(PredictorBase):
    """Asks the model once, for its reasoning and then for the declared outputs.

    A declared output that is itself named `reasoning` keeps its type and description, and is asked for first. Where an
    input has that name, the strategy's own output is called `own_reasoning`.

    .. versionadded:: 0.1
    """

    def extend(self, signature: Signature) -> Signature:
        """Return the task with the reasoning first; extending twice changes nothing more."""
        name = REASONING.name
        while any(each.name == name for each in signature.inputs):
            name = f"own_{name}"
        declared = next((each for each in signature.outputs if each.name == name), evolve(REASONING, name=name))
        return evolve(signature, outputs=(declared, *(each for each in signature.outputs if each.name != name)))
