"""Tests of `elixirml_http.model` against a server on this machine, in each wire format."""

import base64
import json
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

import elixirml as ml
from elixirml.contracts import (
    Attachment,
    Capability,
    Media,
    Message,
    ModelEnd,
    ModelRequest,
    ReasoningDelta,
    Role,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
)
from elixirml.errors import (
    ContextLengthExceeded,
    ModelAccessDenied,
    ModelDisconnected,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from elixirml.testing.loopback import Answer, Fault, LoopbackServer

pytestmark = pytest.mark.anyio
MODELS = ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "http/talks/large"]
Made = Callable[..., ml.Kernel]
CANARY = "sk-canary-4711"


def ask(**more: Any) -> ModelRequest:
    return ModelRequest((Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Say ok.")), **more)


@pytest.mark.parametrize("name", MODELS)
async def test_a_reply_carries_everything_the_provider_tells(kernel: Made, name: str) -> None:
    """Text, reasoning, tool calls, tokens with the cached ones, cost, model and what is left to use."""
    call = ToolCall("c1", "add", '{"a": 1}')
    left = {"x-ratelimit-remaining-requests": "9", "x-ratelimit-reset-requests": "1m30s"}
    answer = Answer("ok", "hm", (call,), tokens_in=1000, tokens_cached=400, tokens_out=100, headers=left)
    async with LoopbackServer([answer]).running() as server, kernel(server.url) as made:
        response = await made.language_model(name).complete(ask())

    assert (response.text, response.reasoning, response.finish) == ("ok", "hm", "tool_calls")
    assert [(each.id, each.name, json.loads(each.arguments)) for each in response.tool_calls] == [
        ("c1", "add", {"a": 1})
    ]
    assert (response.usage.calls, response.usage.tokens_in, response.usage.tokens_cached) == (1, 1000, 400)
    costs = {
        MODELS[0]: (600 * 0.25 + 400 * 0.025 + 100 * 2) / 1e6,
        MODELS[1]: (600 * 1 + 400 * 0.1 + 100 * 5) / 1e6,
        MODELS[2]: (600 * 1 + 400 * 0.5 + 100 * 2) / 1e6,
    }
    assert response.usage.money == pytest.approx(costs[name])
    assert response.model == name.rpartition("/")[2]
    assert response.limits is not None
    assert (response.limits.requests_left, response.limits.requests_reset) == (9, 90.0)


@pytest.mark.parametrize("name", MODELS)
async def test_a_stream_says_what_the_whole_reply_says(kernel: Made, name: str) -> None:
    """The pieces add up to the response at the end, which equals the reply that was not streamed."""
    answer = Answer("grüße 😀 und mehr", "let me see", (ToolCall("c1", "add", '{"a": 1}'),), pieces=3)
    async with LoopbackServer([answer]).running() as server, kernel(server.url) as made:
        model = made.language_model(name)
        whole = await model.complete(ask())
        async with ml.contracts.streamed(model, ask()) as deltas:
            found = [each async for each in deltas]

    end = found[-1]
    assert isinstance(end, ModelEnd)
    assert "".join(each.text for each in found if isinstance(each, TextDelta)) == end.response.text == whole.text
    assert "".join(each.text for each in found if isinstance(each, ReasoningDelta)) == whole.reasoning
    assert "".join(each.arguments for each in found if isinstance(each, ToolCallDelta)) == '{"a": 1}'
    assert end.response.tool_calls == whole.tool_calls
    assert end.response.usage == whole.usage
    assert 0 < (end.response.first_token or 0) <= end.response.usage.seconds
    assert whole.usage.seconds > 0
    assert len(found) > 6


@pytest.mark.parametrize("name", MODELS)
async def test_bytes_that_come_one_by_one_make_the_same_reply(kernel: Made, name: str) -> None:
    """A sign of several bytes may be cut anywhere by the network."""
    async with LoopbackServer([Fault("split")]).running() as server, kernel(server.url) as made:
        async with ml.contracts.streamed(made.language_model(name), ask()) as deltas:
            found = [each async for each in deltas]
        whole = await made.language_model(name).complete(ask())
    assert "".join(each.text for each in found if isinstance(each, TextDelta)) == whole.text == "ok é😀"


FAULTS = [
    (Fault(status=401, code="invalid_api_key", message="bad key"), ModelAccessDenied, "model-access"),
    (Fault(status=403, code="permission_error"), ModelAccessDenied, "model-access"),
    (Fault(status=404, code="model_not_found"), ModelUnavailable, "model-unavailable"),
    (Fault(status=400, code="context_length_exceeded"), ContextLengthExceeded, "context-length"),
    (Fault(status=400, code="x", message="prompt is too long: 9 tokens"), ContextLengthExceeded, "context-length"),
    (
        Fault(status=400, code="invalid_request_error", message="temperature: 0 to 1"),
        ModelRequestInvalid,
        "model-request",
    ),
    (Fault(status=400, code="content_filter"), ModelRefused, "model-refused"),
    (Fault(status=429, code="rate_limit_exceeded"), ModelRateLimited, "model-rate-limit"),
    (Fault(status=429, code="insufficient_quota"), ModelRateLimited, "model-quota"),
    (Fault(status=500, code="server_error"), ModelOverloaded, "model-overloaded"),
    (Fault(status=529, code="overloaded_error"), ModelOverloaded, "model-overloaded"),
    (Fault(status=503, body="<html>bad gateway</html>"), ModelOverloaded, "model-overloaded"),
    (Fault(status=408, code="timeout"), ModelTimeout, "model-timeout"),
]


@pytest.mark.parametrize("name", MODELS)
async def test_a_status_becomes_a_typed_error(kernel: Made, name: str) -> None:
    """One tree over both providers: the class says what to do, the message names the model and the provider's words."""
    script = [fault for fault, _, _ in FAULTS for _ in range(2)]
    async with LoopbackServer(script).running() as server, kernel(server.url) as made:
        model = made.language_model(name)
        for fault, kind, code in FAULTS:
            with pytest.raises(kind) as raised:
                await model.complete(ask())
            with pytest.raises(kind):
                async with ml.contracts.streamed(model, ask()) as deltas:
                    [each async for each in deltas]

            assert type(raised.value) is kind
            assert (raised.value.code, raised.value.status) == (code, fault.status)
            assert name in raised.value.message
            assert (fault.body or fault.message) in raised.value.message
            assert CANARY not in str(raised.value) + repr(raised.value)


@pytest.mark.parametrize("name", MODELS)
async def test_what_the_server_wants_to_wait_is_told(kernel: Made, name: str) -> None:
    """Each form of Retry-After ends in seconds on the error."""
    forms = [({"retry-after": "7"}, 7.0), ({"Retry-After-Ms": "250"}, 0.25), ({"retry-after": "soon"}, None)]
    script = [Fault(headers=headers) for headers, _ in forms]
    async with LoopbackServer(script).running() as server, kernel(server.url) as made:
        for _, seconds in forms:
            with pytest.raises(ModelRateLimited) as raised:
                await made.language_model(name).complete(ask())
            assert raised.value.retry_after == seconds


@pytest.mark.parametrize("name", MODELS)
async def test_a_stream_that_breaks_raises_with_what_had_arrived(kernel: Made, name: str) -> None:
    """Silence is never taken for an end: a broken stream is an error, and the text so far is in it."""
    faults = [Fault("cut"), Fault("mid_error", code="server_error"), Fault("garbage")]
    async with LoopbackServer(faults).running() as server, kernel(server.url) as made:
        for kind, partial in [(ModelDisconnected, "a rep"), (ModelOverloaded, "a rep"), (ModelDisconnected, "")]:
            with pytest.raises(kind) as raised:
                async with ml.contracts.streamed(made.language_model(name), ask()) as deltas:
                    [each async for each in deltas]
            assert raised.value.partial.startswith(partial)


@pytest.mark.parametrize("name", MODELS)
async def test_a_reply_that_is_no_reply_is_told(kernel: Made, name: str) -> None:
    """A body that is not of the protocol, and a connection that closes, are errors of the connection."""
    async with LoopbackServer([Fault("garbage"), Fault("cut")]).running() as server, kernel(server.url) as made:
        for _ in range(2):
            with pytest.raises(ModelDisconnected):
                await made.language_model(name).complete(ask())


async def test_time_limits_and_dead_addresses_are_told_with_the_setting(kernel: Made) -> None:
    """A server that hangs and one that is not there are two errors, each with its way out."""
    async with LoopbackServer([Fault("hang")]).running() as server, kernel(server.url, timeout=0.2) as made:
        with pytest.raises(ModelTimeout, match="timeout"):
            await made.language_model(MODELS[0]).complete(ask())
    async with kernel("http://127.0.0.1:9/v1") as made:
        with pytest.raises(ModelDisconnected, match=r"127\.0\.0\.1:9"):
            await made.language_model(MODELS[0]).complete(ask())


@pytest.mark.parametrize("name", MODELS)
async def test_leaving_a_stream_closes_its_connection(kernel: Made, name: str) -> None:
    """Who has read enough pays for no more: the server sees the connection close."""
    answer = Answer("a" * 4000, gap=0.005)
    async with LoopbackServer([answer]).running() as server, kernel(server.url) as made:
        async with ml.contracts.streamed(made.language_model(name), ask()) as deltas:
            async for _ in deltas:
                break
        with anyio.fail_after(5):
            await server.idle()
        assert server.hung_up == 1


async def test_a_slow_reader_holds_the_server_back(kernel: Made) -> None:
    """Nothing is read ahead without limit: the sender waits for the reader."""
    sent = Answer("x" * 8_000_000, pieces=20_000)
    async with (
        LoopbackServer([sent]).running() as server,
        kernel(server.url) as made,
        ml.contracts.streamed(made.language_model(MODELS[0]), ask()) as deltas,
    ):
        async for _ in deltas:
            await anyio.sleep(0.5)
            break
        assert server.under_way == 1


async def test_a_request_is_sent_as_the_chat_format_has_it(kernel: Made) -> None:
    """Settings, tools, schema, stop texts and attachments, and nothing that was not asked for."""
    tool = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})
    picture = Attachment(Media.IMAGE, "image/png", base64.b64encode(b"png").decode())
    turns = (
        Message(Role.SYSTEM, "s"),
        Message(Role.USER, "look", (picture,)),
        Message(Role.ASSISTANT, "", tool_calls=(ToolCall("c1", "add", '{"a":1}'),)),
        Message(Role.TOOL, "2", tool_call_id="c1"),
    )
    request = ModelRequest(
        turns,
        max_tokens=9,
        temperature=0.5,
        stop=("END",),
        seed=3,
        tools=(tool,),
        tool_choice="add",
        top_p=0.9,
        extra={"user": "u"},
    )
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        await made.language_model(MODELS[0]).complete(request)
        body = server.received[0].body
        await made.language_model(MODELS[0]).complete(ask())
        plain = server.received[1].body

    assert body["messages"][1]["content"][0]["image_url"]["url"].startswith("data:image/png;base64,")
    assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a":1}'}
    assert body["messages"][3] == {"role": "tool", "tool_call_id": "c1", "content": "2"}
    assert body["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert (body["stop"], body["seed"], body["top_p"], body["user"]) == (["END"], 3, 0.9, "u")
    assert set(plain) == {"model", "messages", "max_tokens", "temperature"}
    assert server.received[0].headers["authorization"] == f"Bearer {CANARY}"


async def test_a_request_is_sent_as_the_messages_format_has_it(kernel: Made) -> None:
    """The system apart and marked for the prompt cache, tool results as the user's blocks, neighbours joined."""
    turns = (
        Message(Role.SYSTEM, "s"),
        Message(Role.ASSISTANT, "", tool_calls=(ToolCall("c1", "add", '{"a":1}'),)),
        Message(Role.TOOL, "2", tool_call_id="c1"),
        Message(Role.USER, "and?"),
    )
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        await made.language_model(MODELS[1]).complete(ModelRequest(turns, stable=1, reasoning_effort="low"))
    body, headers = server.received[0].body, server.received[0].headers
    assert body["system"] == [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}]
    assert [each["role"] for each in body["messages"]] == ["assistant", "user"]
    assert [each["type"] for each in body["messages"][1]["content"]] == ["tool_result", "text"]
    assert body["thinking"]["budget_tokens"] + 256 == body["max_tokens"]
    assert headers["x-api-key"] == CANARY


async def test_a_request_is_sent_as_the_responses_format_has_it(kernel: Made) -> None:
    """Calls and their results are items, the schema is a form of the text, and nothing is to be kept."""
    tool = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})
    turns = (
        Message(Role.SYSTEM, "s"),
        Message(Role.USER, "look", (Attachment(Media.IMAGE, "image/png", url="https://x/y.png"),)),
        Message(Role.USER, "", (Attachment(Media.FILE, "text/plain", "cG5n", name="a.txt"),)),
        Message(Role.ASSISTANT, "", tool_calls=(ToolCall("c1", "add", '{"a":1}'),)),
        Message(Role.TOOL, "2", tool_call_id="c1"),
    )
    request = ModelRequest(
        turns, tools=(tool,), tool_choice="add", json_schema={"type": "object"}, reasoning_effort="low", max_tokens=9
    )
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        await made.language_model(MODELS[2]).complete(request)
        await made.language_model(MODELS[2]).complete(ask(json_mode=True, top_p=0.5, seed=3))
    body, plain = server.received[0].body, server.received[1].body
    assert server.received[0].path == "/v1/responses"
    assert body["input"] == [
        {"role": "system", "content": "s"},
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": "https://x/y.png", "detail": "auto"},
                {"type": "input_text", "text": "look"},
            ],
        },
        {
            "role": "user",
            "content": [{"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64,cG5n"}],
        },
        {"type": "function_call", "call_id": "c1", "name": "add", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "2"},
    ]
    assert body["tools"] == [{"type": "function", "strict": False, **tool.to_json()}]
    assert body["tool_choice"] == {"type": "function", "name": "add"}
    assert body["text"]["format"]["schema"] == {"type": "object"}
    assert (body["max_output_tokens"], body["reasoning"]["effort"], body["store"]) == (9, "low", False)
    assert set(plain) == {"model", "input", "max_output_tokens", "temperature", "store", "top_p", "text"}


async def test_texts_that_end_a_reply_end_it_where_the_protocol_knows_none(kernel: Made) -> None:
    """Whole or streamed, cut anywhere: what comes from such a text on is not part of the reply."""
    for pieces in (1, 2, 5, 100):
        answer = Answer("one <en two <end> three", pieces=pieces)
        async with LoopbackServer([answer]).running() as server, kernel(server.url) as made:
            model, request = made.language_model(MODELS[2]), ask(stop=("<end>", "never"))
            whole = await model.complete(request)
            async with ml.contracts.streamed(model, request) as deltas:
                found = [each async for each in deltas]
            whole_too = await model.complete(ask(stop=("never",)))
        end = found[-1]
        assert isinstance(end, ModelEnd)
        said = "".join(each.text for each in found if isinstance(each, TextDelta))
        assert whole.text == said == end.response.text == "one <en two "
        assert end.response.usage == whole.usage
        assert whole_too.text.endswith("three")


async def test_a_response_that_failed_or_refuses_is_an_error(kernel: Made) -> None:
    """The status is 200 and the body says that there is no reply: the error is as typed as any other."""
    failed = {"status": "failed", "output": [], "error": {"code": "server_error", "message": "it broke"}}
    refused = {
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}],
    }
    faults = [Fault(status=200, body=json.dumps(each)) for each in (failed, refused)]
    async with LoopbackServer(faults).running() as server, kernel(server.url) as made:
        with pytest.raises(ModelOverloaded, match="it broke"):
            await made.language_model(MODELS[2]).complete(ask())
        with pytest.raises(ModelRefused, match="no"):
            await made.language_model(MODELS[2]).complete(ask())


async def test_a_schema_comes_back_as_text_in_both_formats(kernel: Made) -> None:
    """Anthropic has no schema of replies, so it is the arguments of a tool that must be called; callers see text."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    call = Answer("", tool_calls=(ToolCall("t", "reply", '{"a": 1}'),))
    async with LoopbackServer([call]).running() as server, kernel(server.url) as made:
        response = await made.language_model(MODELS[1]).complete(ask(json_schema=schema))
        async with ml.contracts.streamed(made.language_model(MODELS[1]), ask(json_schema=schema)) as deltas:
            end = [each async for each in deltas][-1]
        await made.language_model(MODELS[0]).complete(ask(json_schema=schema))
    assert (json.loads(response.text), response.tool_calls, response.finish) == ({"a": 1}, (), "stop")
    assert isinstance(end, ModelEnd)
    assert json.loads(end.response.text) == {"a": 1}
    assert server.received[2].body["response_format"]["json_schema"]["schema"] == schema


async def test_what_a_chat_endpoint_cannot_do_is_refused_before_any_call(kernel: Made) -> None:
    """Labels, plain text, grammars, sound and probabilities are for other models; the message says what to do."""
    sound = Message(Role.USER, "What is it?", attachments=(Attachment(Media.AUDIO, "audio/wav", "UklGRg=="),))
    cases = [
        (MODELS[0], ask(labels=("a",)), "labels to score"),
        (MODELS[0], ModelRequest(text="a"), "plain text"),
        (MODELS[0], ask(grammar="root ::= 'a'"), "grammars"),
        (MODELS[1], ask(top_logprobs=3), "`top_logprobs`"),
        (MODELS[1], ModelRequest((sound,)), "audio/wav"),
        (MODELS[2], ModelRequest((sound,)), "audio/wav"),
    ]
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        for name, request, words in cases:
            with pytest.raises(ModelRequestInvalid, match=words) as raised:
                await made.language_model(name).complete(request)
            assert name in raised.value.message
            assert raised.value.hint
        assert server.received == []


async def test_configured_endpoints_have_settings_of_their_own(kernel: Made) -> None:
    """`http/NAME/MODEL`: another address, no key, grammars, a price; an unknown name is told with the nearest."""
    async with LoopbackServer().running() as server:
        lab = {"url": server.url, "grammar": True, "concurrency": 3}
        prices = {"http/lab/large": {"input": 1.0, "output": 2.0}}
        async with kernel("http://127.0.0.1:9", endpoints={"lab": lab}, prices=prices) as made:
            model = made.language_model("http/lab/large")
            response = await model.complete(ask(grammar='root ::= "a"'))
            unknown = await made.language_model("http/lab/other").complete(ask())
            with pytest.raises(ModelUnavailable, match="Did you mean `lab`"):
                made.language_model("http/lav/large")
        assert "authorization" not in server.received[0].headers
        assert server.received[0].body["grammar"] == 'root ::= "a"'
    assert model.concurrency == 3
    assert Capability.GRAMMAR in model.capabilities
    assert response.usage.money == pytest.approx((7 * 1 + 3 * 2) / 1e6)
    assert unknown.usage.money is None


async def test_texts_become_vectors(kernel: Made) -> None:
    """One vector a text, in order, with what it cost; Anthropic has none and says so."""
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        model: Any = made.language_model("openai/text-embedding-3-small")
        found = await model.embed(["one", "two words"], dimensions=4)
        other: Any = made.language_model(MODELS[1])
        with pytest.raises(ModelRequestInvalid):
            await other.embed(["one"])
    assert [len(each) for each in found.vectors] == [4, 4]
    assert found.vectors[0] != found.vectors[1]
    assert found.usage.money == pytest.approx(3 * 0.02 / 1e6)


async def test_many_calls_at_once_are_all_answered(kernel: Made) -> None:
    """Two hundred calls beside each other, over one endpoint, neither stall nor exceed its limit."""
    answers: list[str] = []

    async def call(made: ml.Kernel) -> None:
        model, limiter = made.model(MODELS[0])
        async with limiter:
            answers.append((await model.complete(ask())).text)

    waiting = Answer("ok", delay=0.3)
    async with LoopbackServer([waiting]).running() as server, kernel(server.url, concurrency=64) as made:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for _ in range(200):
                    tasks.start_soon(call, made)
    assert answers == ["ok"] * 200
    assert 32 <= server.most_under_way <= 64


async def test_any_transport_may_be_swapped_in(kernel: Made) -> None:
    """What carries the requests is the user's to choose: here one that never leaves the process."""
    from elixirml_http.config import EndpointConfig
    from elixirml_http.connection import Connection
    from elixirml_http.model import HttpModel
    from elixirml_http.prices import Prices
    from elixirml_http.protocols import speech

    def answer(request: httpx.Request) -> httpx.Response:
        said = json.loads(request.content)["messages"][-1]["content"]
        return httpx.Response(200, json={"choices": [{"message": {"content": said}, "finish_reason": "stop"}]})

    endpoint = EndpointConfig("http://nowhere/v1")
    async with kernel("http://127.0.0.1:9") as made:
        connection = Connection("swapped", endpoint, made, httpx.MockTransport(answer))
        model = HttpModel("http/x/y", "y", connection, speech(endpoint), Prices.known({}))
        assert (await model.complete(ask())).text == "Say ok."


async def test_a_program_runs_over_http(kernel: Made) -> None:
    """The whole chain: a program, its adapter, the provider, and the typed output."""
    reply = Answer('{"answer": "Paris"}')
    async with LoopbackServer([reply]).running() as server, kernel(server.url) as made:
        for name in MODELS:
            program = ml.predict("question -> answer", adapter="json", model=name)
            result = await made.run(program, {"question": "Where?"})
            assert result.fields["answer"] == "Paris"
            assert result.usage.money is not None
            assert result.usage.money > 0
