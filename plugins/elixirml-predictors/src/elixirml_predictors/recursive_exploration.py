"""Inputs that are longer than a prompt, explored by code that may ask the model about parts of them.

Zhang, Kraska, Khattab, "Recursive Language Models", 2025: the model sees the beginning of a long input and its length.
The input itself is a variable in a session of code, and what the model wants to know of it, it writes code for.
"""

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from elixirml.contracts import HostFunction, ModelRequest, Needs, Prediction, PredictorBase, PredictorCall, Signature
from elixirml.variables import Variable, variable
from elixirml_predictors.abridging import abridged
from elixirml_predictors.chain_of_thought import ChainOfThought
from elixirml_predictors.coding import INTERPRETER, NEEDS, Coding, coding_task, opened
from elixirml_predictors.in_code import Subcalls, Submission, tool_functions
from elixirml_predictors.steps import DATA, Steps, concluded, quoted, viewing
from elixirml_predictors.tool_use import ToolUse

__all__ = ["RecursiveExploration"]

_SHOWN: Final = 1000  # signs of an input
_PRINTED: Final = 4000  # signs of what one cell prints
_GUIDE: Final = """\
Find the answer by code: you write cells of Python, and see what each prints before you write the next. What cells \
define is kept. The variables {given} hold the inputs in full; a long one is shown to you by its beginning only, so \
look into it by code: search it, split it, count in it. Of what a cell prints you see the first {printed} signs. {data}

Functions:
{functions}"""
_SUBMIT: Final = "- SUBMIT({wanted}): gives the answer, and ends the work. Call it as soon as you know the answer."
_SUBCALLS: Final = """\
- llm_query(prompt): asks a language model, which sees nothing but the prompt, and returns its reply as a text. For \
what code cannot do: put the text to judge or to sum up into the prompt. It may be asked {subcalls} times in all.
- llm_query_batched(prompts): asks about several texts at once, and returns the replies in their order."""


@frozen
class RecursiveExploration(PredictorBase):
    """Lets the model explore its inputs by code, cell by cell, and ask itself about parts of them.

    The prompts are of the same size whatever the size of the inputs. Code may call `llm_query(prompt)` and
    `llm_query_batched(prompts)`, `subcalls` prompts in all; the tools of the stage, by their names; and `SUBMIT` with
    the outputs, which ends the work. What does not fit is refused while the code can mend it. After `steps` cells
    without an answer it is asked for once more, with all that was done in view. Code runs in the tool `python`, which
    can only compute. Costs up to `steps + subcalls + 1` model calls.

    .. versionadded:: 0.1
    """

    def needs(self) -> Needs:
        """Return the tool that runs the code."""
        return NEEDS

    def extend(self, signature: Signature) -> Signature:
        """Return the question that is asked when no code gave the answer: the task with the reasoning first."""
        return ChainOfThought().extend(signature)

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how many cells may be written, and how often code may ask the model."""
        return (
            variable(12, low=1, high=50, name="steps", hint="how many cells of code may be written"),
            variable(30, low=0, high=500, name="subcalls", hint="how often code may ask the model"),
        )

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the declared outputs; the reasoning too, where no code gave them.

        Raises:
            ParseError: No code gave the outputs, and the last reply does not hold them.
            ToolError: Code cannot be run here.
        """
        shown = abridged(call, longest=_SHOWN)
        steps, submission = Steps(call, _PRINTED), Submission(call)
        functions = _functions(call, steps, submission)
        async with opened(call, functions=functions) as session:
            coding = Coding(shown, _exploring(shown), session, steps)
            for _ in range(call.options["steps"]):
                await coding.step()
                if submission.fields is not None:
                    return steps.prediction(submission.fields)
        return await concluded(steps, shown, self.extend(shown.signature))

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the request for the first cell."""
        shown = abridged(call, longest=_SHOWN)
        asked, task = viewing(shown, _exploring(shown), Steps(call))
        return asked.request(task)


def _functions(call: PredictorCall, steps: Steps, submission: Submission) -> Mapping[str, HostFunction]:
    """Return what the code may call."""
    tools = {name: tool for name, tool in call.tools.items() if name != INTERPRETER}
    subcalls = Subcalls(steps, call.options["subcalls"])
    asking = {"llm_query": HostFunction(subcalls.query), "llm_query_batched": HostFunction(subcalls.query_batched)}
    return {
        **tool_functions(ToolUse(call, tools)),
        **(asking if subcalls.left else {}),
        "SUBMIT": HostFunction(submission.take, ends=True),
    }


def _exploring(call: PredictorCall) -> Signature:
    """Return the task of writing the next cell."""
    wanted = ", ".join(f"{each.name}=<{quoted(dict(each.schema))}>" for each in call.signature.outputs)
    functions = [_SUBMIT.format(wanted=wanted)]
    if call.options["subcalls"]:
        functions.append(_SUBCALLS.format(subcalls=call.options["subcalls"]))
    functions += [
        f"- {name}: {tool.description} Arguments: {quoted(dict(tool.parameters))}"
        for name, tool in call.tools.items()
        if name != INTERPRETER and name.isidentifier()
    ]
    given = ", ".join(f"`{each.name}`" for each in call.signature.inputs) or "(none)"
    guide = _GUIDE.format(given=given, printed=_PRINTED, data=DATA, functions="\n".join(functions))
    return coding_task(call.signature, guide)
