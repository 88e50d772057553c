"""Several chains of thought, compared in one last call.

Yoran et al., "Answering Questions by Meta-Reasoning over Multiple Chains of Thought", 2023.
"""

from attrs import frozen

from elixirml.contracts import ModelRequest, Prediction, PredictorBase, PredictorCall, Signature
from elixirml.variables import Variable
from elixirml_predictors.inner import draws, task_of, warmth
from elixirml_predictors.judging import compared
from elixirml_predictors.sampling import draw, together, warmed

__all__ = ["MultiChainComparison"]


@frozen
class MultiChainComparison(PredictorBase):
    """Draws `n` chains of thought and asks once more, with all of them in view. Costs `n + 1` calls.

    .. versionadded:: 0.1
    """

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how many chains are drawn, and how warm."""
        return (draws(3), warmth())

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the answer of the last call.

        Raises:
            ParseError: No chain, or not the last reply, holds the outputs.
        """
        task = task_of("chain_of_thought", call.signature)
        found = await draw(call, task, n=call.options["n"], temperature=call.options["temperature"])
        last = await compared(
            call, task, found.whole, name="attempts", description="attempts of others; some may be wrong: weigh them"
        )
        return together(last, [found, last])

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the request of the first draw."""
        return warmed(call, call.options["temperature"]).request(task_of("chain_of_thought", call.signature))
