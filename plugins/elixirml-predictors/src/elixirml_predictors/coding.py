"""Code that the model writes, run in a session of a code interpreter: the task of writing it, and one step of it."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from attrs import define, evolve

from elixirml.contracts import (
    CodeInterpreter,
    Feedback,
    Field,
    HostFunction,
    InterpreterSession,
    Needs,
    PredictorCall,
    Signature,
    unfenced,
)
from elixirml.errors import ConfigError, ParseError
from elixirml_predictors.steps import Steps, viewing

__all__ = ["INTERPRETER", "NEEDS", "Coding", "coding_task", "opened"]

INTERPRETER: Final = "python"
"""The tool that runs the code."""

NEEDS: Final = Needs(tools={INTERPRETER: "elixirml-tools"})
"""What strategies that write code need."""

_TEXT: Final = {"type": "string"}


def opened(
    call: PredictorCall, *, functions: Mapping[str, HostFunction] | None = None
) -> AbstractAsyncContextManager[InterpreterSession]:
    """Open a session that knows the inputs of a call by their names.

    Raises:
        ConfigError: What the stage has under the interpreter's name keeps no sessions.
        ToolError: Code cannot be run here.
    """
    interpreter = call.tools[INTERPRETER]
    if not isinstance(interpreter, CodeInterpreter):
        raise ConfigError(
            f"Stage `{call.stage}` brings a tool `{INTERPRETER}` of its own that keeps no sessions.",
            hint="Give it the method `session` of elixirml.contracts.CodeInterpreter, or another name.",
            code="setting-value",
        )
    values = {each.name: call.format.values.get(each.name) for each in call.signature.inputs}
    return interpreter.session(values=values, functions=functions or {})


def coding_task(signature: Signature, guide: str) -> Signature:
    """Return the task of writing code for another task.

    Args:
        signature: The task that is to be answered in the end.
        guide: What the code is for, and what it can use.
    """
    taken = {each.name for each in signature.inputs}
    outputs = (
        Field("next_thought", str, _TEXT, description="what is known and what is missing, in a sentence"),
        Field("code", str, _TEXT, description="Python, as plain lines; print what you want to see"),
    )
    renamed = tuple(evolve(each, name=f"{each.name}_") if each.name in taken else each for each in outputs)
    return evolve(signature, instruction=f"{signature.instruction}\n\n{guide}".strip(), outputs=renamed)


@define(eq=False)
class Coding:
    """Has the model write code, cell by cell, and runs it.

    Attributes:
        call: What the model is shown of the inputs.
        task: The task of writing code; see `coding_task`.
        session: Where it runs.
        steps: What was done.
    """

    call: PredictorCall
    task: Signature
    session: InterpreterSession
    steps: Steps
    _feedback: Feedback | None = None

    async def step(self) -> Mapping[str, str]:
        """Have one cell written and run, and return the step; an empty one where the reply could not be read.

        What cannot be read is told with the next request, and what goes wrong in the code stands in the step.
        """
        asked, task = viewing(self.call, self.task, self.steps, feedback=self._feedback)
        self._feedback = None
        try:
            said = (await asked.exchange(task)).fields
        except ParseError as error:
            self._feedback = Feedback(error.reply, error.message)
            return {}
        thought, code = (str(said[each.name]) for each in self.task.outputs)
        return await self._run(thought, unfenced(code))

    async def _run(self, thought: str, code: str) -> Mapping[str, str]:
        with self.call.span.inside("tool", tool=INTERPRETER, stage=self.call.stage) as span:
            result = await self.session.run(code)
            span.outcome["failed"] = result.error is not None
        came = {"printed": result.printed} if result.printed or result.error is None else {}
        failed = {} if result.error is None else {"error": result.error}
        return self.steps.add(thought=thought, code=code, **came, **failed)
