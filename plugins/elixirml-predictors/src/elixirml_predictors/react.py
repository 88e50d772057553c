"""Tools called one after the other, each in view of what the ones before returned, and then the answer.

Yao et al., "ReAct: Synergizing Reasoning and Acting in Language Models", 2023.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

from attrs import define, evolve, frozen

from elixirml.contracts import (
    Capability,
    Feedback,
    Field,
    Message,
    ModelRequest,
    Prediction,
    PredictorBase,
    PredictorCall,
    Role,
    Signature,
    Tool,
    ToolResult,
    ToolSpec,
)
from elixirml.errors import ConfigError, ParseError
from elixirml.identity import Json
from elixirml.variables import Variable, variable
from elixirml_predictors.chain_of_thought import ChainOfThought
from elixirml_predictors.steps import DATA, Steps, concluded, quoted, text_of, viewing
from elixirml_predictors.tool_use import ToolUse

__all__ = ["React"]

_PROTOCOLS: Final = ("auto", "text", "native")
_TEXT: Final = {"type": "string"}


@frozen
class React(PredictorBase):
    """Lets the model call tools, up to `steps` times, and then asks for the outputs with all results in view.

    The calls are written in the stage's own prompt format (protocol `text`, any model), or in the model's (`native`,
    models with `Capability.TOOLS`); `auto` takes the second where it can. What goes wrong with a call is told to the
    model, which may try again. Once a result holds words of strangers, tools that act are called no more. Costs up to
    `steps + 1` model calls; without tools it is `chain_of_thought`.

    .. versionadded:: 0.1
    """

    def extend(self, signature: Signature) -> Signature:
        """Return the last question: the task with the reasoning first."""
        return ChainOfThought().extend(signature)

    def variables(self, signature: Signature) -> tuple[Variable, ...]:  # noqa: ARG002 - the same for any task
        """Return how often tools may be called, and how the calls are written."""
        return (
            variable(5, low=1, high=20, name="steps", hint="how often tools may be called"),
            variable("auto", choices=list(_PROTOCOLS), name="protocol", hint="how calls of tools are written"),
        )

    async def answer(self, call: PredictorCall) -> Prediction:
        """Return the declared outputs, and the reasoning before them.

        Raises:
            ParseError: The last reply does not hold them.
            ConfigError: The protocol is `native`, and the model cannot call tools.
        """
        if not call.tools:
            return await ChainOfThought().predict(call)
        work = _Work(Steps(call), ToolUse(call, call.tools))
        work_on = _natively if _is_native(call) else _by_text
        await work_on(work, call, call.options["steps"])
        return await concluded(work.steps, call, self.extend(call.signature))

    def opening(self, call: PredictorCall) -> ModelRequest:
        """Return the first request."""
        if not call.tools:
            return ChainOfThought().first_request(call)
        if _is_native(call):
            return _native_request(call, _opening(call))
        asked, task = viewing(call, _next_step(call), Steps(call))
        return asked.request(task)


@define(eq=False)
class _Work:
    """What was done so far, and what it is done with."""

    steps: Steps
    tools: ToolUse

    async def use(self, name: str, arguments: str, *, thought: str) -> dict[str, str]:
        """Call a tool, and return what came of it."""
        result = await self._called(name, arguments)
        came = {"result": text_of(result.content)} if result.error is None else {"error": result.error}
        shown = self.steps.add(thought=thought, tool=name, arguments=arguments, **came)
        return {word: shown[word] for word in came}

    def conclude(self, thought: str) -> None:
        """Keep what the model said instead of calling a tool."""
        if thought.strip():
            self.steps.add(thought=thought)

    async def _called(self, name: str, arguments: str) -> ToolResult:
        try:
            given = _arguments(arguments) if name in self.tools.tools else {}
        except (ValueError, RecursionError) as error:
            return ToolResult(error=f"The arguments are no JSON object: {error}.")
        return await self.tools.use(name, given)


def _is_native(call: PredictorCall) -> bool:
    able = Capability.TOOLS in call.format.capabilities
    if call.options["protocol"] == "native" and not able:
        raise ConfigError(
            "`protocol = native` needs a model with the capability `tools`, which this one lacks.",
            hint="Choose `auto` or `text`, or another model.",
            code="capability-missing",
        )
    return able and call.options["protocol"] != "text"


async def _by_text(work: _Work, call: PredictorCall, limit: int) -> None:
    """Have each call written as outputs of a task of its own; what cannot be read is asked for again."""
    thought, tool, arguments = (each.name for each in _next_step(call).outputs)
    feedback: Feedback | None = None
    for _ in range(limit):
        asked, task = viewing(call, _next_step(call), work.steps, feedback=feedback)
        try:
            said = (await asked.exchange(task)).fields
        except ParseError as error:
            feedback = Feedback(error.reply, error.message)
            continue
        feedback = None
        if said[tool] == _finish(call.tools):
            work.conclude(str(said[thought]))
            return
        await work.use(str(said[tool]), str(said[arguments]), thought=str(said[thought]))


def _next_step(call: PredictorCall) -> Signature:
    """Return the task of one step: what to do next."""
    finish = _finish(call.tools)
    listed = "\n".join(_described(name, tool) for name, tool in call.tools.items())
    wanted = ", ".join(each.name for each in call.signature.outputs)
    guide = (
        f"Do not answer yet: find out what is needed for {wanted}, by calling one tool at a time. {DATA} "
        f"Choose `{finish}` as soon as you know enough.\n\nTools:\n{listed}"
    )
    taken = {each.name for each in call.signature.inputs}
    outputs = (
        Field("next_thought", str, _TEXT, description="what is known and what is missing, in a sentence"),
        Field("next_tool", str, {"type": "string", "enum": [*call.tools, finish]}, description="what to call next"),
        Field("arguments", str, _TEXT, description=f"for the tool, as the text of a JSON object; {{}} for `{finish}`"),
    )
    renamed = tuple(evolve(each, name=f"{each.name}_") if each.name in taken else each for each in outputs)
    return evolve(call.signature, instruction=f"{call.signature.instruction}\n\n{guide}".strip(), outputs=renamed)


def _finish(tools: Mapping[str, Tool]) -> str:
    """Return what a model chooses instead of a tool."""
    name = "finish"
    while name in tools:
        name = f"{name}_"
    return name


def _described(name: str, tool: Tool) -> str:
    example = f" For example: {quoted(dict(tool.examples[0].arguments))}" if tool.examples else ""
    return f"- {name}: {tool.description} Arguments: {json.dumps(tool.parameters, ensure_ascii=False)}{example}"


async def _natively(work: _Work, call: PredictorCall, limit: int) -> None:
    """Have the calls made in the model's own format, until it makes none."""
    messages = _opening(call)
    while len(work.steps.done) < limit:
        response = await work.steps.ask(_native_request(call, messages))
        if not response.tool_calls:
            work.conclude(response.text)
            return
        messages.append(Message(Role.ASSISTANT, response.text, tool_calls=response.tool_calls))
        for each in response.tool_calls[: limit - len(work.steps.done)]:
            came = await work.use(each.name, each.arguments, thought=response.text)
            messages.append(Message(Role.TOOL, quoted(came), tool_call_id=each.id))


def _native_request(call: PredictorCall, messages: Sequence[Message]) -> ModelRequest:
    request = ModelRequest(
        messages=tuple(messages),
        stable=1,
        max_tokens=call.format.max_tokens,
        temperature=call.format.temperature,
        tools=tuple(ToolSpec(name, tool.description, tool.parameters) for name, tool in call.tools.items()),
    )
    return call.finished(call.format, request)


def _opening(call: PredictorCall) -> list[Message]:
    wanted = ", ".join(each.name for each in call.signature.outputs)
    guide = (
        f"Find out what is needed for {wanted}, by calling tools. {DATA} "
        "As soon as you know enough, say in a sentence what you know, without calling a tool."
    )
    given = {
        each.name: call.format.values[each.name] for each in call.signature.inputs if each.name in call.format.values
    }
    return [
        Message(Role.SYSTEM, f"{call.signature.instruction}\n\n{guide}".strip()),
        Message(Role.USER, "\n".join(f"{name}: {text_of(value)}" for name, value in given.items()) or "(no input)"),
    ]


def _arguments(text: str) -> dict[str, Json]:
    """Return arguments by name from their JSON text; a blank one means none.

    Raises:
        ValueError: The text is not strict JSON, or not of an object.
    """
    found: Any = json.loads(text, parse_constant=_no_number) if text.strip() else {}
    if not isinstance(found, dict):
        raise ValueError("expected an object")  # noqa: TRY004 - what is wrong is the text
    return {str(name): value for name, value in _items(found)}


def _items(mapping: Any) -> Any:
    return mapping.items()


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
