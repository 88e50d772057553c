"""The best of several answers, chosen by the model itself from a numbered list."""

from attrs import evolve, frozen

from elixirml.contracts import Field, ModelRequest, Prediction, PredictorBase, PredictorCall, Signature
from elixirml.errors import ParseError
from elixirml.identity import canonical_json
from elixirml.variables import Variable
from elixirml_predictors.inner import answered, draws, task_of, warmth
from elixirml_predictors.judging import compared
from elixirml_predictors.sampling import draw, together, warmed

__all__ = ["BestOfN"]


@frozen
class BestOfN(PredictorBase):
    """Draws `n` answers and lets the model choose one by its number. Costs `n + 1` calls, `n` when all are the same.

    What is returned is always one of the answers drawn, word for word. A choice that cannot be read falls on the first.

    .. versionadded:: 0.1
    """

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how many answers are drawn, how warm, and how each is asked for."""
        return (draws(4), warmth(), answered("direct"))

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the chosen answer.

        Raises:
            ParseError: No reply holds the outputs.
        """
        options = call.options
        task = task_of(options["inner"], call.signature)
        found = await draw(call, task, n=options["n"], temperature=options["temperature"])
        if len({canonical_json(dict(each.fields)) for each in found.whole}) == 1:
            return together(found.whole[0], [found])
        choosing = _choice(call.signature, len(found.whole))
        try:
            choice = await compared(
                call, choosing, found.whole, name="candidates", description="answers to choose from, by number"
            )
        except ParseError:
            return together(found.whole[0], [found])
        number = int(str(choice.fields[choosing.outputs[0].name]))
        return together(found.whole[number - 1], [found, choice])

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the request of the first draw."""
        return warmed(call, call.options["temperature"]).request(task_of(call.options["inner"], call.signature))


def _choice(signature: Signature, count: int) -> Signature:
    """Return the task of choosing: the same inputs, and the number of the best answer."""
    numbers = [str(number) for number in range(1, count + 1)]
    taken = {each.name for each in signature.inputs}
    name = next(each for each in ("best", "best_number", "number_of_the_best") if each not in taken)
    best = Field(name, str, {"type": "string", "enum": numbers}, description="the number of the best answer")
    instruction = f"{signature.instruction}\n\nChoose the best of the candidate answers by its number.".strip()
    return evolve(signature, instruction=instruction, outputs=(best,))
