"""A key is read late, sent to its endpoint alone, and shown to nobody."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import elixirml as ml
from elixirml.contracts import Message, ModelRequest, Role
from elixirml.errors import ModelAccessDenied, ModelError, ModelOverloaded
from elixirml.testing.loopback import Answer, Fault, LoopbackServer

pytestmark = pytest.mark.anyio
MODELS = ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "http/talks/large"]
Made = Callable[..., ml.Kernel]
CANARY = "sk-canary-4711"
ASKED = ModelRequest((Message(Role.USER, "Say ok."),))


def shown(error: BaseException) -> str:
    """Return everything of an error that may be printed or logged."""
    return "".join(traceback.format_exception(error)) + repr(error)


async def streamed(model: Any) -> None:
    """Read a stream to its end."""
    async with ml.contracts.streamed(model, ASKED) as deltas:
        [each async for each in deltas]


async def test_a_missing_key_is_told_before_any_call(kernel: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which variable to set; nothing is sent."""
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        monkeypatch.delenv("OPENAI_API_KEY")
        with pytest.raises(ModelAccessDenied, match="export OPENAI_API_KEY"):
            await made.language_model(MODELS[0]).complete(ASKED)
        assert server.received == []


@pytest.mark.parametrize("key", [f"{CANARY}\n", f"{CANARY}\u00e4"], ids=["line break", "beyond ASCII"])
@pytest.mark.parametrize("name", MODELS)
async def test_a_key_that_no_header_can_carry_is_told_before_any_call(
    kernel: Made, monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    """The message names the reference and not the key, which the transport would repeat."""
    async with LoopbackServer().running() as server, kernel(server.url) as made:
        for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.setenv(variable, key)
        with pytest.raises(ModelAccessDenied, match=r"env:[A-Z]+_API_KEY holds a line break") as raised:
            await made.language_model(name).complete(ASKED)
        assert server.received == []
    assert CANARY not in shown(raised.value)


@pytest.mark.parametrize("name", MODELS)
async def test_a_key_that_the_server_repeats_is_not_repeated(kernel: Made, name: str) -> None:
    """Neither in a refusal nor in an error within a stream do the provider's words carry the key into messages."""
    refusal = Fault(status=401, message=f"Incorrect API key provided: {CANARY}")
    breaking = Fault("mid_error", code="server_error", message=f"lost {CANARY}")
    async with LoopbackServer([refusal, breaking]).running() as server, kernel(server.url) as made:
        model = made.language_model(name)
        with pytest.raises(ModelAccessDenied, match=r"provided: \*\*\*") as told:
            await model.complete(ASKED)
        with pytest.raises(ModelOverloaded, match=r"lost \*\*\*") as broken:
            await streamed(model)
    assert CANARY not in shown(told.value) + shown(broken.value)


async def test_a_response_that_failed_does_not_repeat_the_key(kernel: Made) -> None:
    """The protocol `responses` tells of failures in a reply with a good status, too."""
    body = f'{{"status": "failed", "output": [], "error": {{"code": "server_error", "message": "no {CANARY}"}}}}'
    async with (
        LoopbackServer([Fault(status=200, body=body)]).running() as server,
        kernel(server.url) as made,
    ):
        with pytest.raises(ModelError, match=r"no \*\*\*") as raised:
            await made.language_model(MODELS[2]).complete(ASKED)
    assert CANARY not in shown(raised.value)


async def test_a_password_in_an_address_is_not_shown(kernel: Made) -> None:
    """It has no place there, but it does not get into messages and journals."""
    async with kernel(f"http://me:{CANARY}@127.0.0.1:9/v1") as made:
        model = made.language_model(MODELS[0])
        with pytest.raises(ModelError, match=r"//\*\*\*@127\.0\.0\.1:9") as raised:
            await model.complete(ASKED)
    assert CANARY not in shown(raised.value) + model.fingerprint


@pytest.mark.parametrize("name", MODELS)
async def test_the_key_is_in_no_log_and_in_no_text_of_an_object(
    kernel: Made, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at DEBUG, not in what a model shows of itself; it is in one header of the request."""
    caplog.set_level(logging.DEBUG)
    async with LoopbackServer([Answer("ok")]).running() as server, kernel(server.url) as made:
        model = made.language_model(name)
        response = await model.complete(ASKED)
        await streamed(model)
        texts = [caplog.text, repr(model), str(model), repr(response), repr(made.config.current)]
    assert [text for text in texts if CANARY in text] == []
    assert all(sum(CANARY in value for value in each.headers.values()) == 1 for each in server.received)
