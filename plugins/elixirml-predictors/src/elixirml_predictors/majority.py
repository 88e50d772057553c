"""Self-consistency: several answers, and the one that most of them give.

Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models", 2023.
"""

from collections import Counter

from attrs import frozen

from elixirml.contracts import ModelRequest, Prediction, PredictorBase, PredictorCall, Signature
from elixirml.identity import canonical_json
from elixirml.variables import Variable
from elixirml_predictors.inner import answered, draws, task_of, warmth
from elixirml_predictors.sampling import draw, together, warmed

__all__ = ["Majority"]


@frozen
class Majority(PredictorBase):
    """Draws `n` answers and returns the most frequent one.

    Answers are the same when all their declared outputs are; the reasoning takes no part. Of equally frequent answers
    the one that came first wins. Replies that cannot be read have no vote. Costs `n` calls.

    .. versionadded:: 0.1
    """

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how many answers are drawn, how warm, and how each is asked for."""
        return (draws(5), warmth(), answered())

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the most frequent answer.

        Raises:
            ParseError: No reply holds the outputs.
        """
        options = call.options
        task = task_of(options["inner"], call.signature)
        found = await draw(call, task, n=options["n"], temperature=options["temperature"])
        votes = [_ballot(each, call.signature) for each in found.whole]
        counted = Counter(votes)
        winner = max(votes, key=lambda vote: (counted[vote], -votes.index(vote)))
        return together(found.whole[votes.index(winner)], [found])

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the request of the first draw."""
        return warmed(call, call.options["temperature"]).request(task_of(call.options["inner"], call.signature))


def _ballot(prediction: Prediction, signature: Signature) -> str:
    return canonical_json([prediction.fields.get(each.name) for each in signature.outputs])
