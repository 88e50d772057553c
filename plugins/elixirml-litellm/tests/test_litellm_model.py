"""Tests of models through the real litellm, which is pointed at a server on this machine."""

import json
import logging
import os
import sys
import traceback
from collections.abc import Callable
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import anyio
import pytest

import elixirml as ml
from elixirml.contracts import (
    Attachment,
    Media,
    Message,
    ModelEnd,
    ModelRequest,
    ReasoningDelta,
    Role,
    TextDelta,
    ToolCall,
    ToolSpec,
)
from elixirml.errors import (
    ContextLengthExceeded,
    ModelAccessDenied,
    ModelDisconnected,
    ModelError,
    ModelOverloaded,
    ModelRateLimited,
    ModelRefused,
    ModelRequestInvalid,
    ModelTimeout,
    ModelUnavailable,
)
from elixirml.testing.loopback import Answer, Fault, LoopbackServer
from elixirml_litellm.library import Library
from elixirml_litellm.place import speaks_of_a_secret

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),  # litellm's own warnings are not ours to mend
]
NAME = "litellm/openai/gpt-4o"
OTHER = "litellm/anthropic/claude-haiku-4-5"
CANARY = "sk-canary-4711"
Made = Callable[..., ml.Kernel]
ADD = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
CALLED = ToolCall("c1", "add", '{"a": 1}')
FULL = Answer("gr\u00fc\u00dfe \U0001f600", "hm", (CALLED,), tokens_in=1000, tokens_cached=400, tokens_out=100)


def ask(**more: Any) -> ModelRequest:
    return ModelRequest((Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Say ok.")), **more)


async def streamed(model: Any, request: ModelRequest) -> list[Any]:
    async with ml.contracts.streamed(model, request) as deltas:
        return [each async for each in deltas]


@pytest.mark.parametrize("name", [NAME, OTHER])
async def test_a_reply_and_its_stream_say_the_same(kernel: Made, name: str) -> None:
    """Text, reasoning, tool calls, tokens with the cached ones and the price, whole and piece by piece."""
    prices = {OTHER: {"input": 2.5, "output": 10.0, "cached": 1.25}}
    async with LoopbackServer([FULL]).running() as server, kernel(server.url, prices=prices) as made:
        model = made.language_model(name)
        whole = await model.complete(ask(tools=(ADD,), seed=3))
        pieces = await streamed(model, ask(tools=(ADD,), seed=3))
    end = pieces[-1]
    assert isinstance(end, ModelEnd)
    assert end.response.first_token is not None
    assert "".join(each.text for each in pieces if isinstance(each, TextDelta)) == FULL.text
    assert "".join(each.text for each in pieces if isinstance(each, ReasoningDelta)) == FULL.reasoning
    for response in (whole, end.response):
        assert (response.text, response.reasoning, response.finish) == (FULL.text, "hm", "tool_calls")
        assert [(each.name, json.loads(each.arguments)) for each in response.tool_calls] == [("add", {"a": 1})]
        assert (response.usage.calls, response.usage.tokens_in, response.usage.tokens_cached) == (1, 1000, 400)
        assert response.usage.money == pytest.approx((600 * 2.5 + 400 * 1.25 + 100 * 10) / 1e6)
        assert response.model == name.rpartition("/")[2]


async def test_a_request_arrives_as_it_was_asked(kernel: Made) -> None:
    """Messages, an image, tools, a schema, settings and what is extra; the key in the place the provider has for it."""
    image = Attachment(Media.IMAGE, "image/png", "AAAA")
    messages = (
        Message(Role.SYSTEM, "Be brief."),
        Message(Role.USER, "What is it?", attachments=(image,)),
        Message(Role.ASSISTANT, "", tool_calls=(CALLED,)),
        Message(Role.TOOL, "2", tool_call_id="c1"),
    )
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    asked = ModelRequest(
        messages, tools=(ADD,), tool_choice="add", json_schema=schema, stop=("END",), seed=3, top_p=0.5, max_tokens=9,
        temperature=0.5, extra={"user": "u"},
    )  # fmt: skip
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        await made.language_model(NAME).complete(asked)
        await made.language_model(NAME).complete(ask(json_mode=True))
        await made.language_model(OTHER).complete(ask(seed=3, stop=("END",)))
    first, second, third = (each.body for each in server.received)
    assert first["messages"][0] == {"role": "system", "content": "Be brief."}
    assert first["messages"][1]["content"][0]["image_url"]["url"] == "data:image/png;base64,AAAA"
    assert first["messages"][2]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
    assert first["messages"][3] == {"role": "tool", "tool_call_id": "c1", "content": "2"}
    assert first["tools"][0]["function"]["parameters"] == ADD.parameters
    assert first["tool_choice"] == {"type": "function", "function": {"name": "add"}}
    assert first["response_format"]["json_schema"]["schema"] == schema
    assert (first["stop"], first["seed"], first["top_p"], first["user"]) == (["END"], 3, 0.5, "u")
    assert (first["max_tokens"], first["temperature"], first["model"]) == (9, 0.5, "gpt-4o")
    assert second["response_format"] == {"type": "json_object"}
    assert third["stop_sequences"] == ["END"]
    assert "seed" not in third  # that provider knows none, and litellm would refuse the call
    assert [each.headers.get("authorization") for each in server.received[:2]] == [f"Bearer {CANARY}"] * 2
    assert server.received[2].headers["x-api-key"] == CANARY


FAULTS = [
    (Fault(status=401, code="invalid_api_key", message="no such key"), ModelAccessDenied, "model-access"),
    (Fault(status=403, code="permission", message="not yours"), ModelAccessDenied, "model-access"),
    (Fault(status=404, code="model_not_found", message="no such model"), ModelUnavailable, "model-unavailable"),
    (Fault(status=400, code="context_length_exceeded", message="too long"), ContextLengthExceeded, "context-length"),
    (Fault(status=400, code="x", message="maximum context length is 5"), ContextLengthExceeded, "context-length"),
    (Fault(status=400, code="content_policy_violation", message="no"), ModelRefused, "model-refused"),
    (Fault(status=400, code="x", message="temperature is up to 2"), ModelRequestInvalid, "model-request"),
    (Fault(status=402, code="x", message="no credit"), ModelRateLimited, "model-quota"),
    (Fault(status=429, message="slow down", headers={"retry-after": "7"}), ModelRateLimited, "model-rate-limit"),
    (Fault(status=500, code="server_error", message="it broke"), ModelOverloaded, "model-overloaded"),
    (Fault(status=503, code="overloaded", message="no room"), ModelOverloaded, "model-overloaded"),
    (Fault(status=529, code="overloaded_error", message="too much"), ModelOverloaded, "model-overloaded"),
]


@pytest.mark.parametrize("name", [NAME, OTHER])
async def test_an_error_is_of_the_kernels_tree(kernel: Made, name: str) -> None:
    """One attempt each; the class says what to do, and model, provider's words and hint are told."""
    async with LoopbackServer([each for each, _, _ in FAULTS]).running() as server, kernel(server.url) as made:
        for fault, kind, code in FAULTS:
            with pytest.raises(ModelError) as raised:
                await made.language_model(name).complete(ask())
            assert (type(raised.value), raised.value.code) == (kind, code), fault
            assert raised.value.retry_after == (7.0 if fault.headers else None)
            assert fault.message in raised.value.message
            assert name in raised.value.message
            assert raised.value.hint
            assert (raised.value.status or 0) >= 400
        assert len(server.received) == len(FAULTS)


async def test_a_setting_that_is_refused_is_named(kernel: Made) -> None:
    """As the provider names it; one that litellm itself refuses is in its words."""
    body = json.dumps({"error": {"message": "up to 2", "type": "invalid_request_error", "param": "temperature"}})
    async with LoopbackServer([Fault(status=400, body=body)]).running() as server, kernel(server.url) as made:
        with pytest.raises(ModelRequestInvalid, match="Change the setting `temperature`"):
            await made.language_model(NAME).complete(ask())
        with pytest.raises(ModelRequestInvalid, match="frequency_penalty"):
            await made.language_model(OTHER).complete(ask(extra={"frequency_penalty": 1}))
        assert len(server.received) == 1


async def test_what_is_not_there_is_told_with_the_setting(kernel: Made) -> None:
    """A host nobody is at, a server that hangs, and a provider that litellm does not know."""
    async with kernel("http://127.0.0.1:9/v1") as made:
        for name in (NAME, OTHER):
            setting = name.split("/")[1] + r' = "https://\.\.\." under \[plugins\.litellm\.addresses\]'
            with pytest.raises(ModelDisconnected, match=setting):
                await made.language_model(name).complete(ask())
        with pytest.raises(ModelUnavailable, match=r"litellm/nobody/m: .*\n.*Check the name"):
            await made.language_model("litellm/nobody/m").complete(ask())
    async with LoopbackServer([Fault("hang")]).running() as server, kernel(server.url, timeout=0.3) as made:
        with pytest.raises(ModelTimeout, match=r"`timeout` under \[plugins\.litellm\]"):
            await made.language_model(NAME).complete(ask())


@pytest.mark.parametrize("name", [NAME, OTHER])
@pytest.mark.parametrize("kind", ["cut", "garbage"])
async def test_a_reply_that_is_none_is_a_broken_connection(kernel: Made, name: str, kind: Any) -> None:
    """Litellm takes it for an error of the server; it is told as one that may be gone with the next attempt."""
    async with LoopbackServer([Fault(kind)]).running() as server, kernel(server.url) as made:
        with pytest.raises(ModelDisconnected, match=name):
            await made.language_model(name).complete(ask())


async def test_a_stream_that_breaks_raises_with_what_had_arrived(kernel: Made) -> None:
    """A connection that is cut, and an error in the middle."""
    breaking = Fault("mid_error", code="server_error", message="lost it")
    async with LoopbackServer([Fault("cut"), breaking]).running() as server, kernel(server.url) as made:
        model = made.language_model(NAME)
        with pytest.raises(ModelDisconnected) as cut:
            await streamed(model, ask())
        with pytest.raises(ModelError, match="lost it") as broken:
            await streamed(model, ask())
    assert cut.value.code == "stream-broken"
    assert cut.value.partial.startswith("a rep")
    assert broken.value.partial.startswith("a rep")


async def test_who_leaves_a_stream_closes_its_connection(kernel: Made) -> None:
    """Nobody pays for what nobody reads."""
    async with LoopbackServer([Answer("a" * 4000, gap=0.01)]).running() as server, kernel(server.url) as made:
        async with ml.contracts.streamed(made.language_model(NAME), ask()) as deltas:
            async for _ in deltas:
                break
        with anyio.fail_after(10):
            await server.idle()
    assert server.hung_up == 1


async def test_a_call_that_is_cancelled_closes_its_connection(kernel: Made) -> None:
    """The other loop hears of it; the caller does not wait for that."""
    slow = Answer("a" * 400, gap=0.05)
    async with LoopbackServer([Answer(), slow]).running() as server, kernel(server.url) as made:
        model = made.language_model(NAME)
        await model.complete(ask())
        with anyio.CancelScope() as scope:
            async with ml.contracts.streamed(model, ask()) as deltas:
                async for _ in deltas:
                    scope.cancel()
        assert scope.cancelled_caught
        with anyio.fail_after(10):
            await server.idle()
        await model.complete(ask())


async def test_calls_run_beside_each_other(kernel: Made) -> None:
    """They do not wait for one another on the other loop, and all are answered."""
    answers: list[str] = []

    async def asked(made: ml.Kernel) -> None:
        answers.append((await made.language_model(NAME).complete(ask())).text)

    async with (
        LoopbackServer([Answer("ok", delay=0.2)]).running() as server,
        kernel(server.url) as made,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(16):
            tasks.start_soon(asked, made)
    assert answers == ["ok"] * 16
    assert server.most_under_way > 1


async def test_what_litellm_cannot_do_is_refused_before_any_call(kernel: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels, plain text, grammars, probabilities, a key that is not there, and one that no header can carry."""
    refused = (ask(labels=("a",)), ModelRequest(text="a"), ask(grammar="root ::= 'a'"), ask(top_logprobs=2))
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        model = made.language_model(NAME)
        for request in refused:
            with pytest.raises(ModelRequestInvalid, match="litellm takes no"):
                await model.complete(request)
        monkeypatch.setenv("A_KEY", f"{CANARY}\n")
        with pytest.raises(ModelAccessDenied, match="env:A_KEY holds a line break"):
            await model.complete(ask())
        monkeypatch.delenv("A_KEY")
        with pytest.raises(ModelAccessDenied, match="export A_KEY"):
            await model.complete(ask())
        assert server.received == []


@pytest.fixture
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset every variable that may hold a key."""
    for name in [each for each in os.environ if speaks_of_a_secret(each)]:
        monkeypatch.delenv(name)


GEMINI = "litellm/gemini/gemini-2.5-flash"


@pytest.mark.usefixtures("no_keys")
async def test_where_the_key_is_can_be_asked(kernel: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configured one by its reference; of litellm's own variables, the ones that are missing."""
    monkeypatch.setenv("A_KEY", CANARY)
    async with kernel("http://127.0.0.1:9/v1") as made:
        model: Any = made.language_model(NAME)
        assert model.key_state() == "env:A_KEY is there"
        unset: Any = made.language_model(GEMINI)
        with pytest.raises(ModelAccessDenied, match=r"export GEMINI_API_KEY=\.\.\."):
            unset.key_state()
        monkeypatch.setenv("GEMINI_API_KEY", CANARY)
        assert CANARY not in unset.key_state()


@pytest.mark.usefixtures("no_keys")
async def test_a_key_that_is_nowhere_is_told_before_any_call(kernel: Made) -> None:
    """By the variable where litellm knows it, by litellm's own words where it does not, and never as something else."""
    async with kernel("http://127.0.0.1:9/v1", keys={}) as made:
        for name, words in [(GEMINI, "export GEMINI_API_KEY"), ("litellm/mistral/m", "export MISTRAL_API_KEY")]:
            with pytest.raises(ModelAccessDenied, match=words):
                await made.language_model(name).complete(ask())
        with pytest.raises(ModelAccessDenied, match="Missing credentials"):
            await made.language_model(NAME).complete(ask())


async def test_the_key_is_shown_to_nobody(
    kernel: Made, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not when a server repeats it, not at DEBUG, not on the screen, also when it is in a variable of litellm's own."""
    caplog.set_level(logging.DEBUG)
    repeating = Fault(status=401, message=f"Incorrect API key provided: {CANARY}")
    async with LoopbackServer([repeating]).running() as server:
        errors: list[str] = []
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        for keys in ({"openai": "env:A_KEY"}, {}):
            async with kernel(server.url, keys=keys) as made:
                model = made.language_model(NAME)
                with pytest.raises(ModelAccessDenied, match=r"provided: \*\*\*") as raised:
                    await model.complete(ask())
                errors += [*traceback.format_exception(raised.value), repr(model)]
    assert [each.headers["authorization"] for each in server.received] == [f"Bearer {CANARY}"] * 2
    assert CANARY not in "".join(errors)
    assert CANARY not in "".join(record.getMessage() for record in caplog.records if record.name != "LiteLLM")
    assert CANARY not in capfd.readouterr().out


async def test_litellm_is_left_as_it_was(kernel: Made) -> None:
    """No callbacks, retries or caches of its own, and no connections left when the kernel is done."""
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        await made.language_model(NAME).complete(ask())
        module = Library().module()
        during = dict(module.in_memory_llm_clients_cache.cache_dict)
    assert (module.num_retries, module.cache, module.callbacks, module.success_callback) == (None, None, [], [])
    after = module.in_memory_llm_clients_cache.cache_dict
    assert len(after) < len(during)


@pytest.mark.skipif(find_spec("litellm") is None, reason="pip install 'elixirml-litellm[litellm]' to run this")
def test_an_application_that_uses_litellm_keeps_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is imported already is used as it is."""
    own = SimpleNamespace(suppress_debug_info=False)
    monkeypatch.setitem(sys.modules, "litellm", own)
    assert Library().module() is own
    assert own.suppress_debug_info is False


async def test_a_program_runs_through_it(kernel: Made) -> None:
    """The whole chain: a program, its adapter, the provider, and the typed output."""
    async with LoopbackServer([Answer('{"answer": "Paris"}')]).running() as server, kernel(server.url) as made:
        result = await made.run(ml.predict("question -> answer", adapter="json", model=NAME), {"question": "Where?"})
    assert result.fields["answer"] == "Paris"
    assert result.usage.money == pytest.approx((7 * 2.5 + 3 * 10) / 1e6)
