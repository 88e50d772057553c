"""Tests of the strategies that write code, on the real interpreter: what it works on, what is refused, the cost."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from attrs import define, field, frozen

import elixirml as ml
from elixirml.contracts import Event, ModelRequest, ModelResponse, ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.errors import ConfigError, ContextLengthExceeded, ModelOverloaded, ParseError
from elixirml.plugins import PluginManager
from elixirml.testing.models import ScriptedModel, ScriptedProvider

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="code is confined on Linux only"),
]

Script = Callable[[ModelRequest], str | ModelResponse] | Sequence[str]


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> Any:
    return request.param


@frozen
class Task:
    text: str
    question: str = "what is it?"


@frozen
class Answer:
    answer: str
    count: int


@define(eq=False)
class Ran:
    """What a run gave, and what was seen of it."""

    result: Any
    requests: list[ModelRequest]
    events: list[Event]

    @property
    def prompts(self) -> list[str]:
        return ["\n".join(message.content for message in each.messages) for each in self.requests]


@define(eq=False)
class Listener:
    """An observer that keeps what it is told."""

    events: list[Event] = field(factory=list[Event])

    def notify(self, event: Event) -> None:
        self.events.append(event)


def cell(code: str, thought: str = "let me see") -> str:
    return json.dumps({"next_thought": thought, "code": code})


def answer(text: str, count: int = 1) -> str:
    return json.dumps({"reasoning": "as printed", "answer": text, "count": count})


async def ran(
    tmp_path: Any, using: str, script: Script, inputs: Task | None = None, *, tools: Sequence[Any] = (), **options: Any
) -> Ran:
    """Run a stage that writes code."""
    model = ScriptedModel(name="scripted/m", script=script)
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    repair = options.pop("repair", "fail")

    class Asking(ml.Program[Task, Answer]):
        """Answer the question about the text."""

        reply = ml.predict(Answer, using=using, adapter="json", model="scripted/m", tools=list(tools), repair=repair)

    values = {f"reply.{using}.{name}": value for name, value in options.items()}
    listener = Listener()
    async with ml.Kernel(plugins=manager, home=tmp_path, observers=[listener]) as kernel:
        result = await kernel.run(Asking().with_values(values), inputs or Task("2 3 4"))
    return Ran(result, model.requests, listener.events)


async def test_a_program_is_written_run_and_answered_from(tmp_path: Any) -> None:
    """The answer is given in view of the program and of what it printed; two calls in all."""
    found = await ran(
        tmp_path,
        "program_of_thought",
        [cell("```python\nprint(sum(map(int, text.split())))\n```"), answer("nine", 9)],
    )

    assert (found.result.output, found.result.usage.calls) == (Answer("nine", 9), 2)
    assert '"printed": "9\\n"' in found.prompts[1]
    assert "sum(map(int, text.split()))" in found.prompts[1]
    assert "```python" not in found.prompts[1]
    assert [each.data for each in found.events if each.name == "tool.end"] == [
        {"tool": "python", "stage": "reply", "failed": False}
    ]


async def test_a_program_that_fails_is_written_anew(tmp_path: Any) -> None:
    """With the reason in view; one that prints nothing and a reply that cannot be read are no programs either."""
    script = ["no JSON", cell("print(1 / 0)"), cell("x = 1"), cell("print(len(question))"), answer("eleven", 11)]
    found = await ran(tmp_path, "program_of_thought", script, steps=5)

    assert found.result.output.count == 11
    assert found.result.usage.calls == 5
    assert "no JSON" in found.prompts[1]
    assert "ZeroDivisionError" in found.prompts[2]
    assert [each.data["failed"] for each in found.events if each.name == "tool.end"] == [True, False, False]


async def test_the_answer_is_given_when_no_program_runs(tmp_path: Any) -> None:
    """After `steps` attempts the model answers with what it knows; all calls are told."""
    found = await ran(tmp_path, "program_of_thought", [cell("boom("), cell("boom("), answer("?")], steps=2)

    assert found.result.output.answer == "?"
    assert len(found.result.trace.exchanges()) == 3
    assert found.prompts[2].count("SyntaxError") == 2


async def test_an_answer_is_found_in_a_text_no_prompt_could_hold(tmp_path: Any) -> None:
    """Ten million signs: the prompts are as long as for a short text, and the code sees all of it."""
    long = "hay " * 2_500_000 + "needle=4711 " + "hay " * 10
    script = [
        cell("at = text.find('needle')\nprint(len(text), at)"),
        cell("found = text[at:at + 11]\nprint(found)"),
        cell("SUBMIT(answer=found, count=text.count('needle'))"),
    ]
    found = await ran(tmp_path, "recursive_exploration", script, Task(long))
    short = await ran(tmp_path, "recursive_exploration", script, Task("hay " * 500 + "needle=4711 "))

    assert found.result.output == Answer("needle=4711", 1)
    assert found.result.usage.calls == 3
    assert "10000052" in found.prompts[1]
    assert "in the variable `text`" in found.prompts[0]
    for one, other in zip(found.prompts, short.prompts, strict=True):
        assert abs(len(one) - len(other)) < 100
        assert len(one) < 8000


async def test_the_model_is_asked_about_parts(tmp_path: Any) -> None:
    """One after the other, and several at once in their order; the calls are kept and paid for."""

    def script(request: ModelRequest) -> str:
        said = request.messages[-1].content
        if said.startswith("part "):
            return said.removeprefix("part ").upper()
        return cell(
            "one = llm_query('part ' + text[0])\n"
            "more = llm_query_batched(['part ' + each for each in text.split()])\n"
            "SUBMIT(answer=one + ''.join(more), count=len(more))"
        )

    found = await ran(tmp_path, "recursive_exploration", script, Task("a b c d e f"))

    assert found.result.output == Answer("AABCDEF", 6)
    assert found.result.usage.calls == len(found.result.trace.exchanges()) == 8
    again = await ran(tmp_path, "recursive_exploration", script, Task("a b c d e f"))
    assert [each.request for each in again.result.trace.exchanges()] == [
        each.request for each in found.result.trace.exchanges()
    ]


async def test_code_may_not_ask_the_model_for_ever(tmp_path: Any) -> None:
    """The bound is told to the code, which can catch it, before any call beyond it is made."""

    def script(request: ModelRequest) -> str:
        if "call" in request.messages[-1].content[:5]:
            return "yes"
        return cell(
            "llm_query('call')\n"
            "try:\n    llm_query_batched(['call', 'call'])\n"
            "except RuntimeError as error:\n    SUBMIT(answer=str(error), count=1)"
        )

    found = await ran(tmp_path, "recursive_exploration", script, subcalls=2)

    assert "1 calls of the model are left, not 2" in found.result.output.answer
    assert found.result.usage.calls == 2


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("SUBMIT(answer='x')", "SUBMIT lacks count"),
        ("SUBMIT('x', 1, 2)", "3 values are too many"),
        ("SUBMIT(answers='x', count=1)", "SUBMIT takes no `answers`. Known here: answer, count."),
        ("SUBMIT(answer='x', count='many')", "SUBMIT refuses this"),
        ("llm_query()", "llm_query takes one argument, `prompt`"),
        ("llm_query(3)", "A prompt is a text that is not blank"),
        ("llm_query_batched('x')", "llm_query_batched takes a list of texts"),
        ("llm_query_batched(prompts=['x', ' '])", "A prompt is a text that is not blank"),
    ],
)
async def test_what_does_not_fit_is_told_to_the_code(tmp_path: Any, code: str, reason: str) -> None:
    """And mended by the next cell."""
    script = [cell(code), cell("SUBMIT('mended', 1)")]
    found = await ran(tmp_path, "recursive_exploration", script)

    assert found.result.output == Answer("mended", 1)
    assert reason in found.prompts[1]


async def test_an_answer_is_asked_for_when_no_code_gives_one(tmp_path: Any) -> None:
    """After the last cell, with what was done in view and long inputs still cut short."""
    script = [cell("print(len(text))"), "no JSON", answer("two", 2)]
    found = await ran(tmp_path, "recursive_exploration", script, Task("hay " * 1000), steps=2)

    assert found.result.output == Answer("two", 2)
    assert '"printed": "4000\\n"' in found.prompts[2]
    assert len(found.prompts[2]) < 4000
    with pytest.raises(ParseError):
        await ran(tmp_path / "other", "recursive_exploration", ["no JSON"], steps=1)


async def test_a_prompt_that_is_too_long_is_the_codes_to_mend(tmp_path: Any) -> None:
    """Any other error of the model ends the run, as everywhere."""

    def script(request: ModelRequest) -> str:
        said = request.messages[-1].content
        if said == "long":
            raise ContextLengthExceeded("at most 3 signs")
        if said == "busy":
            raise ModelOverloaded("come back later")
        return cell("llm_query('long')") if "too long for the model" not in said else cell("llm_query('busy')")

    with pytest.raises(ModelOverloaded):
        await ran(tmp_path, "recursive_exploration", script)


@frozen
class Tides:
    """A tool with an argument."""

    name: str = "tide"
    description: str = "Returns how high the water is."
    parameters: Mapping[str, Any] = field(
        factory=lambda: {"type": "object", "properties": {"harbour": {"type": "string"}}, "required": ["harbour"]}
    )
    examples: tuple[ToolExample, ...] = ()
    flags: frozenset[ToolFlag] = frozenset()

    async def call(self, arguments: Mapping[str, Any], context: ToolContext) -> ToolResult:
        context.tell("tide.read", {"name": "gauge"})
        harbour = arguments["harbour"]
        return ToolResult({"metres": len(harbour)}) if harbour else ToolResult(error="which harbour?")


async def test_code_calls_the_tools_of_the_stage(tmp_path: Any) -> None:
    """By position or by name; what goes wrong is raised in the code, and observers are told."""
    script = [
        cell("print(tide('Hull')['metres'], tide(harbour='Leith')['metres'])\ntide('')"),
        cell("tide('a', 'b')"),
        cell("SUBMIT('done', 2)"),
    ]
    found = await ran(tmp_path, "recursive_exploration", script, tools=[Tides()])
    told = [(each.name, each.data) for each in found.events if each.name.startswith(("tool.end", "tide"))]

    assert "tide: Returns how high the water is." in found.prompts[0]
    assert '"printed": "4 5\\n"' in found.prompts[1]
    assert "which harbour?" in found.prompts[1]
    assert "2 values are too many" in found.prompts[2]
    assert ("tide.read", {"name": "gauge"}) in told
    assert told.count(("tool.end", {"tool": "tide", "stage": "reply", "failed": False})) == 2


async def test_without_subcalls_none_are_offered(tmp_path: Any) -> None:
    """Code cannot call what is not there, and is not told of it."""
    found = await ran(tmp_path, "recursive_exploration", [cell("llm_query('x')"), cell("SUBMIT('y', 1)")], subcalls=0)

    assert "llm_query" not in found.prompts[0]
    assert "NameError" in found.prompts[1]


async def test_a_tool_of_the_interpreters_name_must_be_one(tmp_path: Any) -> None:
    """What a stage brings goes first, so it is told what it lacks."""
    with pytest.raises(ConfigError, match="keeps no sessions"):
        await ran(tmp_path, "program_of_thought", ["never asked"], tools=[Tides(name="python")])


async def test_long_values_of_any_kind_are_cut_short(tmp_path: Any) -> None:
    """Lists and mappings are variables of the code as they are."""

    @frozen
    class Rows:
        rows: list[dict[str, int]]
        index: dict[str, int]

    class Counting(ml.Program[Rows, Answer]):
        """Count."""

        reply = ml.predict(Answer, using="recursive_exploration", adapter="json", model="scripted/m")

    model = ScriptedModel(script=[cell("SUBMIT(answer=str(rows[1]), count=len(rows) + len(index))")])
    manager = PluginManager.load()
    manager.registry.offer("language_models", "scripted", ScriptedProvider({"m": model}))
    inputs = Rows([{"n": number} for number in range(500)], {str(number): number for number in range(400)})
    async with ml.Kernel(plugins=manager, home=tmp_path) as kernel:
        result = await kernel.run(Counting(), inputs)
    said = model.requests[0].messages[-1].content

    assert result.output == Answer("{'n': 1}", 900)
    assert "a list of 500" in said
    assert "a mapping of 400" in said
    assert len(said) < 6000
