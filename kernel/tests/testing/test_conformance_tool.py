"""Every rule of tools is failed by a tool that breaks it, and by it alone."""

import asyncio
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.lowlevel
import pytest
import sniffio

from elixirml.contracts import ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.testing.conformance.suites import suite_of
from elixirml.testing.conformance.tool import ToolConformance

NUMBER = {"type": "number"}
PARAMETERS: dict[str, Any] = {
    "type": "object",
    "properties": {"one": NUMBER, "other": NUMBER},
    "required": ["one", "other"],
    "additionalProperties": False,
}
LISTED = {**PARAMETERS, "type": "array"}
REFERRING = {**PARAMETERS, "$defs": {"n": NUMBER}, "allOf": [{"$ref": "#/$defs/n"}]}
THREE = {**PARAMETERS, "properties": dict.fromkeys(["one", "other", "third"], NUMBER), "required": ["one", "third"]}
MUTABLE = {ToolFlag.SLOW}


class Divide:
    """A tool as it should be."""

    name: Any = "divide"
    description: Any = "Divides one number by another."
    parameters: Any = PARAMETERS
    examples: Any = (ToolExample({"one": 6, "other": 3}, 2.0), ToolExample({"one": 1, "other": 4}, 0.25))
    flags: Any = frozenset()

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        await anyio.lowlevel.checkpoint()
        if arguments["other"] == 0:
            return ToolResult(error="Nothing can be divided by 0: give another `other`.")
        return ToolResult(arguments["one"] / arguments["other"])


class Reader(Divide):
    flags = frozenset({ToolFlag.READS_OUTSIDE})

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        found = await super().call(arguments, context)
        return ToolResult(found.content, found.error, tainted=True)


class BadName(Divide):
    name = "divide two numbers"


class Silent(Divide):
    description = " "


class Listed(Divide):
    parameters = LISTED


class Referring(Divide):
    parameters = REFERRING


class Unflagged(Divide):
    flags = MUTABLE


class Misfit(Divide):
    parameters = THREE


class Wrong(Divide):
    examples = (ToolExample({"one": 6, "other": 3}, 3.0),)


class Strange(Divide):
    examples = (ToolExample({"one": 6, "other": 3}),)

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        found = await super().call(arguments, context)
        return found if found.error else ToolResult({found.content})  # type: ignore[arg-type]


class Tainting(Reader):
    flags = frozenset()


class Raising(Divide):
    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        return ToolResult(arguments["one"] / arguments["other"])


class Forgetful(Divide):
    given: Any = None

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        self.given = arguments
        await anyio.sleep(0.001)
        return await super().call(self.given, context)


class Leaving(Divide):
    left: Any = None

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> Any:
        if sniffio.current_async_library() == "asyncio":
            self.left = asyncio.create_task(asyncio.sleep(60))
            LEFT.append(self.left)
        return await super().call(arguments, context)


LEFT: list[Any] = []


def suite(tool: Any) -> Any:
    return suite_of("tools", tool, failing=lambda _: {"one": 1, "other": 0})


RIGHT = suite(Divide)
WRONG = {
    "test_the_name_can_be_called_by_models": suite(BadName),
    "test_it_says_what_it_does": suite(Silent),
    "test_the_parameters_are_an_object_schema": suite(Listed),
    "test_the_parameters_hold_no_references": suite(Referring),
    "test_the_flags_are_declared": suite(Unflagged),
    "test_examples_fit_the_parameters": suite(Misfit),
    "test_examples_work": suite(Wrong),
    "test_results_are_plain_data": suite(Strange),
    "test_only_tools_that_read_outside_taint": suite(Tainting),
    "test_a_failure_is_a_result": suite(Raising),
    "test_calls_beside_each_other_do_not_mix": suite(Forgetful),
    "test_nothing_is_left_of_a_call": suite(Leaving),
}


def test_a_tool_that_reads_outside_taints(judge: Any) -> None:
    """The flag and the mark of its results go together."""
    judge.passes(suite(Reader))


def test_a_right_tool_passes(judge: Any) -> None:
    """Every rule is tried on a right tool, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_tool(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, ToolConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_tool_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
