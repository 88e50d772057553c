"""What code may call: functions for a session of an interpreter, which the strategy carries out."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field

from elixirml.contracts import (
    HostFunction,
    Message,
    ModelRequest,
    Prediction,
    PredictorCall,
    Role,
    Tool,
)
from elixirml.errors import ContextLengthExceeded, ParseError, ToolError, did_you_mean
from elixirml.identity import Json
from elixirml_predictors.sampling import asked_together
from elixirml_predictors.steps import Steps
from elixirml_predictors.tool_use import ToolUse

__all__ = ["Subcalls", "Submission", "tool_functions"]


@define(eq=False)
class Submission:
    """Takes the answer from the code, and says what is wrong with it while the code can still mend it.

    Attributes:
        call: The prediction that is asked for.
        fields: The answer; None until there is one.
    """

    call: PredictorCall
    fields: Mapping[str, Json] | None = field(default=None, init=False)

    async def take(self, given: Sequence[Json], named: Mapping[str, Json]) -> Json:
        """Take an answer, by name or in the order of the outputs.

        Raises:
            ToolError: It lacks an output, has one too many, or one of the wrong type.
        """
        outputs = self.call.signature.outputs
        names = [each.name for each in outputs]
        if len(given) > len(names):
            raise ToolError(f"SUBMIT takes {', '.join(names)}: {len(given)} values are too many.")
        fields = {**dict(zip(names, given, strict=False)), **named}
        strange = [each for each in fields if each not in names]
        if strange:
            raise ToolError(f"SUBMIT takes no `{strange[0]}`. {did_you_mean(strange[0], names)}")
        missing = [each.name for each in outputs if each.required and each.name not in fields]
        if missing:
            raise ToolError(f"SUBMIT lacks {', '.join(missing)}: give every output by its name.")
        self.fields = self._checked(fields)
        return None

    def _checked(self, fields: Mapping[str, Json]) -> Mapping[str, Json]:
        try:
            if self.call.parse_output is not None:
                fields = self.call.parse_output(self.call.signature, fields)
            if self.call.check is not None:
                self.call.check(Prediction(fields))
        except ParseError as error:
            raise ToolError(f"SUBMIT refuses this: {error.message}") from error
        return fields


@define(eq=False)
class Subcalls:
    """Asks the model about texts, for the code: up to a number of times.

    Attributes:
        steps: Where the calls are kept.
        left: How many more there may be.
    """

    steps: Steps
    left: int

    async def query(self, given: Sequence[Json], named: Mapping[str, Json]) -> Json:
        """Return the reply to one prompt.

        Raises:
            ToolError: It is no text, there have been enough, or the text is too long for the model.
        """
        [reply] = await self._asked([_only("llm_query", "prompt", given, named)])
        return reply

    async def query_batched(self, given: Sequence[Json], named: Mapping[str, Json]) -> Json:
        """Return the replies to several prompts, asked at once, in their order.

        Raises:
            ToolError: It is no list of texts, there have been enough, or a text is too long for the model.
        """
        prompts = _only("llm_query_batched", "prompts", given, named)
        if not isinstance(prompts, list):
            raise ToolError("llm_query_batched takes a list of texts.")
        return list(await self._asked(prompts))

    async def _asked(self, prompts: Sequence[Json]) -> list[str]:
        if not all(isinstance(each, str) and each.strip() for each in prompts):
            raise ToolError("A prompt is a text that is not blank.")
        if len(prompts) > self.left:
            raise ToolError(
                f"{self.left} calls of the model are left, not {len(prompts)}: ask about more text at a time, or "
                "work with what you know."
            )
        self.left -= len(prompts)
        limits = self.steps.call.format
        requests = [
            ModelRequest((Message(Role.USER, str(each)),), max_tokens=limits.max_tokens, temperature=limits.temperature)
            for each in prompts
        ]
        try:
            responses = await asked_together(self.steps.call.ask, requests)
        except ContextLengthExceeded as error:
            raise ToolError(f"A prompt is too long for the model: {error.message} Ask about less at a time.") from error
        for request, response in zip(requests, responses, strict=True):
            self.steps.keep(request, response)
        return [each.text for each in responses]


def tool_functions(use: ToolUse) -> dict[str, HostFunction]:
    """Return the tools of a stage as functions, those whose names can be called in code."""
    return {name: _calling(use, name, tool) for name, tool in use.tools.items() if name.isidentifier()}


def _calling(use: ToolUse, name: str, tool: Tool) -> HostFunction:
    order = list(tool.parameters.get("properties", {}))

    async def call(given: Sequence[Json], named: Mapping[str, Json]) -> Json:
        if len(given) > len(order):
            raise ToolError(f"{name} takes {', '.join(order) or 'nothing'}: {len(given)} values are too many.")
        result = await use.use(name, {**dict(zip(order, given, strict=False)), **named})
        if result.error is not None:
            raise ToolError(result.error)
        return result.content

    return HostFunction(call)


def _only(function: str, name: str, given: Sequence[Json], named: Mapping[str, Json]) -> Any:
    """Return the one argument of a function.

    Raises:
        ToolError: There is none, or more than one.
    """
    values = [*given, *(value for key, value in named.items() if key == name)]
    if len(values) != 1 or len(given) + len(named) != 1:
        raise ToolError(f"{function} takes one argument, `{name}`.")
    return values[0]
