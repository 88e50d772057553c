"""A reply that an assertion refuses while it arrives is read no further: the server sees the connection close."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

import elixirml as ml
from elixirml.testing.loopback import Answer, LoopbackServer

pytestmark = pytest.mark.anyio
MODELS = ["openai/gpt-5-mini", "anthropic/claude-haiku-4-5", "http/talks/large"]

PROGRAM = ml.Program.create(
    "P",
    inputs="question",
    stages={
        "reply": ml.predict("question -> answer: str, essay: str", adapter="json", model=MODELS[0]),
        "short": ml.ensure("the answer is too long", attempts=2)(lambda self, answer: len(answer) <= 5),
    },
    instruction="Answer.",
)


@pytest.mark.parametrize("name", MODELS)
async def test_a_refused_reply_is_cut_off_at_its_source(kernel: Callable[..., ml.Kernel], name: str) -> None:
    """Nobody listens; the rest of the reply is never sent, and the next request tells why."""
    bad = Answer('{"answer": "much too long", "essay": "' + "e" * 200_000 + '"}', pieces=20, gap=0.002)
    good = Answer('{"answer": "short", "essay": "e"}')
    program = PROGRAM.with_values({"reply.model": name})
    async with LoopbackServer([bad, good]).running() as server, kernel(server.url) as made:
        with anyio.fail_after(10):
            result = await made.run(program, {"question": "?"})
            await server.idle()

    assert server.hung_up == 1
    assert result.output.answer == "short"
    assert result.usage.calls == 2
    refused: Any = result.trace.stages[0]
    assert refused.refused
    assert len(refused.exchanges[0].response.text) < 10_000
    assert "the answer is too long" in str(server.received[-1].body)
