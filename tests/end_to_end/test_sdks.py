"""The loopback server speaks the providers' formats: their own clients say so, who know nothing of ElixirML."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import openai
import pytest

from elixirml.contracts import ToolCall
from elixirml.testing.loopback import Answer, Fault, LoopbackServer

pytestmark = [pytest.mark.slow, pytest.mark.anyio]

SAID: Any = [{"role": "user", "content": "Say ok."}]
PARAMETERS: Any = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FULL = Answer(
    "gr\u00fc\u00dfe \U0001f600", "let me see", (ToolCall("c1", "add", '{"a": 1}'),), tokens_in=9, tokens_cached=4
)


@pytest.fixture
def anyio_backend() -> str:
    """The clients run on asyncio."""
    return "asyncio"


@asynccontextmanager
async def clients(
    *script: Answer | Fault,
) -> AsyncGenerator[tuple[openai.AsyncOpenAI, anthropic.AsyncAnthropic]]:
    """Give the clients of both providers, pointed at a server that answers by a script."""
    async with (
        LoopbackServer(script).running() as server,
        openai.AsyncOpenAI(base_url=server.url, api_key="k", max_retries=0) as chat,
        anthropic.AsyncAnthropic(base_url=server.url.removesuffix("/v1"), api_key="k", max_retries=0) as messages,
    ):
        yield chat, messages


async def test_a_chat_completion_is_one() -> None:
    """Text, tool calls, reason and tokens, whole and as a stream, as OpenAI's client reads them."""
    tools: Any = [{"type": "function", "function": {"name": "add", "parameters": PARAMETERS}}]
    async with clients(FULL) as (client, _):
        whole = await client.chat.completions.create(model="m", messages=SAID, tools=tools)
        async with client.chat.completions.stream(
            model="m", messages=SAID, tools=tools, stream_options={"include_usage": True}
        ) as stream:
            streamed = await stream.get_final_completion()
    for found in (whole, streamed):
        choice: Any = found.choices[0]
        assert (choice.message.content, choice.finish_reason) == (FULL.text, "tool_calls")
        (call,) = choice.message.tool_calls
        assert (call.id, call.function.name, call.function.arguments) == ("c1", "add", '{"a": 1}')
        assert found.usage is not None
        assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (9, 3)
        assert found.usage.prompt_tokens_details is not None
        assert found.usage.prompt_tokens_details.cached_tokens == 4


async def test_a_response_is_one() -> None:
    """The same in the responses format, whose client checks the order of the events as it adds them up."""
    tools: Any = [{"type": "function", "name": "add", "parameters": PARAMETERS, "strict": False}]
    async with clients(FULL) as (client, _):
        whole = await client.responses.create(model="m", input=SAID, tools=tools)
        async with client.responses.stream(model="m", input=SAID, tools=tools) as stream:
            kinds = [event.type async for event in stream]
            streamed = await stream.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    for found in (whole, streamed):
        thought, _, call = found.output
        assert thought.type == "reasoning"
        assert thought.summary[0].text == FULL.reasoning
        assert call.type == "function_call"
        assert (call.call_id, call.name, call.arguments) == ("c1", "add", '{"a": 1}')
        assert found.output_text == FULL.text
        assert found.usage is not None
        assert (found.usage.input_tokens, found.usage.input_tokens_details.cached_tokens) == (9, 4)


async def test_a_response_that_was_cut_short_says_so() -> None:
    """The limit on tokens has its own status and its own last event."""
    async with clients(Answer("on and", finish="length")) as (client, _):
        whole = await client.responses.create(model="m", input=SAID)
        events = [event async for event in await client.responses.create(model="m", input=SAID, stream=True)]
    assert whole.status == "incomplete"
    assert whole.incomplete_details is not None
    assert whole.incomplete_details.reason == "max_output_tokens"
    assert events[-1].type == "response.incomplete"


async def test_a_message_is_one() -> None:
    """Blocks of thought, text and tool use, whole and as a stream, as Anthropic's client adds them up."""
    tools: Any = [{"name": "add", "input_schema": PARAMETERS}]
    async with clients(FULL) as (_, client):
        whole = await client.messages.create(model="m", max_tokens=9, messages=SAID, tools=tools)
        async with client.messages.stream(model="m", max_tokens=9, messages=SAID, tools=tools) as stream:
            streamed = await stream.get_final_message()
    for found in (whole, streamed):
        thinking, said, call = found.content
        assert thinking.type == "thinking"
        assert thinking.thinking == FULL.reasoning
        assert said.type == "text"
        assert said.text == FULL.text
        assert call.type == "tool_use"
        assert (call.id, call.name, call.input) == ("c1", "add", {"a": 1})
        assert found.stop_reason == "tool_use"
        assert (found.usage.input_tokens, found.usage.cache_read_input_tokens, found.usage.output_tokens) == (5, 4, 3)


async def test_embeddings_are_some() -> None:
    """Vectors in the order of their texts."""
    async with clients(FULL) as (client, _):
        found = await client.embeddings.create(
            model="m", input=["one", "two words"], dimensions=4, encoding_format="float"
        )
    assert [len(each.embedding) for each in found.data] == [4, 4]
    assert found.usage.prompt_tokens == 3


ERRORS = [
    (400, "BadRequestError"),
    (401, "AuthenticationError"),
    (403, "PermissionDeniedError"),
    (404, "NotFoundError"),
]
ERRORS += [(429, "RateLimitError"), (500, "InternalServerError")]


@pytest.mark.parametrize(("status", "name"), ERRORS)
async def test_an_error_is_of_the_class_its_status_has(status: int, name: str) -> None:
    """The clients read code and words out of the body."""
    fault = Fault(status=status, code="some_code", message="some words")
    async with clients(fault) as (chat, messages):
        calls: list[tuple[Any, Callable[[], Awaitable[object]]]] = [
            (openai, lambda: chat.chat.completions.create(model="m", messages=SAID)),
            (openai, lambda: chat.responses.create(model="m", input=SAID)),
            (anthropic, lambda: messages.messages.create(model="m", max_tokens=9, messages=SAID)),
        ]
        for module, call in calls:
            with pytest.raises(getattr(module, name)) as raised:
                await call()
            assert raised.value.status_code == status
            assert "some words" in raised.value.message
            assert "some_code" in json.dumps(raised.value.body)


async def test_an_error_within_a_stream_is_one() -> None:
    """What goes wrong after the first words reaches the readers of every stream."""
    async with clients(Fault("mid_error", code="server_error", message="some words")) as (chat, messages):
        with pytest.raises(openai.APIError, match="some words"):
            [each async for each in await chat.chat.completions.create(model="m", messages=SAID, stream=True)]
        with pytest.raises(anthropic.APIError, match="some words"):
            async with messages.messages.stream(model="m", max_tokens=9, messages=SAID) as stream:
                await stream.get_final_message()
        events = [each async for each in await chat.responses.create(model="m", input=SAID, stream=True)]
    assert events[-1].type == "error"
    assert (events[-1].code, events[-1].message) == ("server_error", "some words")
