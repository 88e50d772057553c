"""An answer that is looked over and given anew.

Madaan et al., "Self-Refine: Iterative Refinement with Self-Feedback", 2023.
"""

from typing import Final

from attrs import evolve, frozen

from elixirml.contracts import Field, ModelRequest, Prediction, PredictorBase, PredictorCall, Signature
from elixirml.errors import ParseError
from elixirml.variables import Variable, variable
from elixirml_predictors.inner import answered, task_of
from elixirml_predictors.judging import compared, with_input
from elixirml_predictors.sampling import together

__all__ = ["Refine"]

_LONGEST: Final = 1000


@frozen
class Refine(PredictorBase):
    """Answers, has the answer criticised, and answers again with the criticism in view, up to `rounds` times.

    It ends when the critic finds nothing to better. An answer of a later round that cannot be read does not replace the
    one before it. Costs 1 call, and up to 2 more each round.

    .. versionadded:: 0.1
    """

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how often the answer is looked over, and how each is asked for."""
        rounds = variable(1, low=1, high=5, name="rounds", hint="how often the answer is looked over")
        return (rounds, answered("direct"))

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the last answer.

        Raises:
            ParseError: The first reply does not hold the outputs.
        """
        task = task_of(call.options["inner"], call.signature)
        best = await call.exchange(task)
        parts = [best]
        for _ in range(call.options["rounds"]):
            try:
                critic = await compared(
                    call, _criticism(call.signature), [best], name="given", description="the answer to look over"
                )
                parts.append(critic)
                verdict, advice = (str(critic.fields[each.name]) for each in _criticism(call.signature).outputs)
                if verdict == "good":
                    break
                best = await _again(call, task, best, advice[:_LONGEST])
            except ParseError:
                break
            parts.append(best)
        return together(best, parts)

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the request of the first answer."""
        return call.request(task_of(call.options["inner"], call.signature))


async def _again(call: PredictorCall, task: Signature, given: Prediction, advice: str) -> Prediction:
    """Answer once more, with the advice in view as one more input."""
    advised, name = with_input(task, "advice", "what was found wanting in an earlier answer; heed it where it is right")
    values = {**call.format.values, name: advice}
    again = evolve(call, format=evolve(call.format, values=values, demos=()))
    return await compared(again, advised, [given], name="earlier", description="the earlier answer")


def _criticism(signature: Signature) -> Signature:
    """Return the task of looking an answer over."""
    verdict = Field("verdict", str, {"type": "string", "enum": ["good", "wanting"]}, description="is it good as it is?")
    advice = Field("advice", str, {"type": "string"}, description="what to change, in a sentence")
    taken = {each.name for each in signature.inputs}
    outputs = tuple(evolve(each, name=f"{each.name}_") if each.name in taken else each for each in (verdict, advice))
    instruction = f"{signature.instruction}\n\nLook the given answer over: is it right and complete?".strip()
    return evolve(signature, instruction=instruction, outputs=outputs)
