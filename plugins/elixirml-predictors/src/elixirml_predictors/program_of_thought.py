"""A program written to work the answer out, and the answer in view of what it printed.

Chen et al., "Program of Thoughts Prompting: Disentangling Computation from Reasoning for Numerical Reasoning Tasks",
2023: what a language model reckons in words it often gets wrong; what it writes as a program is reckoned rightly.
"""

from typing import Final

from attrs import frozen

from elixirml.contracts import ModelRequest, Needs, Prediction, PredictorBase, PredictorCall, Signature
from elixirml.variables import Variable, variable
from elixirml_predictors.chain_of_thought import ChainOfThought
from elixirml_predictors.coding import NEEDS, Coding, coding_task, opened
from elixirml_predictors.steps import DATA, Steps, concluded, viewing

__all__ = ["ProgramOfThought"]

_GUIDE: Final = (
    "Do not answer yet: write a Python program that works out what is needed for {wanted}, and prints it. "
    "The variables {given} hold the inputs. It can compute, and import from the standard library what computing needs; "
    "it reaches no files and no network. {data}"
)


@frozen
class ProgramOfThought(PredictorBase):
    """Has the model write a program, runs it, and asks for the outputs with the program and what it printed in view.

    A program that fails, or prints nothing, is shown to the model with the reason, and written anew, `steps` times in
    all; after that the answer is given with what there is. It runs in the tool `python`, which can only compute. Costs
    up to `steps + 1` model calls, and 2 when all goes well.

    .. versionadded:: 0.1
    """

    def needs(self) -> Needs:
        """Return the tool that runs the program."""
        return NEEDS

    def extend(self, signature: Signature) -> Signature:
        """Return the last question: the task with the reasoning first."""
        return ChainOfThought().extend(signature)

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how often a program may be written."""
        return (variable(3, low=1, high=10, name="steps", hint="how often a program may be written"),)

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the declared outputs, and the reasoning before them.

        Raises:
            ParseError: The last reply does not hold them.
            ToolError: Programs cannot be run here.
        """
        steps = Steps(call)
        async with opened(call) as session:
            coding = Coding(call, _programming(call.signature), session, steps)
            for _ in range(call.options["steps"]):
                step = await coding.step()
                if step.get("printed", "").strip() and "error" not in step:
                    break
        return await concluded(steps, call, self.extend(call.signature))

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the request for the first program."""
        asked, task = viewing(call, _programming(call.signature), Steps(call))
        return asked.request(task)


def _programming(signature: Signature) -> Signature:
    """Return the task of writing the program."""
    wanted = ", ".join(each.name for each in signature.outputs)
    given = ", ".join(f"`{each.name}`" for each in signature.inputs) or "(none)"
    return coding_task(signature, _GUIDE.format(wanted=wanted, given=given, data=DATA))
