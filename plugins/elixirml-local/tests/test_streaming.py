"""Tests of replies that are streamed by the small model: the same to the bit, and stopped when nobody reads on."""

import os
import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import evolve, field, frozen

from elixirml.contracts import Capability, Message, ModelEnd, ModelRequest, ModelResponse, Role, TextDelta
from elixirml.errors import ContextLengthExceeded, ModelError, ModelUnavailable
from elixirml.runtime.supervision import ChildSpec, Supervisor
from elixirml_local.model import LocalModel
from elixirml_local.provider import LocalProvider

pytestmark = [pytest.mark.model, pytest.mark.anyio]

LENGTHY = ModelRequest(text="Once upon a time", max_tokens=1500, grammar='root ::= "a" root')
STORY = ModelRequest(text="Once upon a time", max_tokens=24)
SIGNS = 'root ::= "a€ß" [😀🎉] "ü" "Ω"'


@frozen
class Host:
    """A host that supervises like a kernel, on the cache that holds the model."""

    cache_dir: Path
    supervisor: Supervisor = field(factory=lambda: Supervisor("host"))

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        await self.supervisor.start_child(ChildSpec(name, run))


@asynccontextmanager
async def opened(model_path: Path) -> AsyncGenerator[LocalModel]:
    """Open the model on a host of its own, and stop the host afterwards."""
    host: Any = Host(model_path.parent.parent)
    async with host.supervisor.running():
        yield LocalProvider().open("smollm2", host)


async def read(model: LocalModel, request: ModelRequest) -> tuple[list[str], ModelResponse]:
    """Return the pieces of a reply, and the whole of it."""
    async with model.stream(request) as deltas:
        *pieces, end = [each async for each in deltas]
    assert isinstance(end, ModelEnd)
    return [each.text for each in pieces if isinstance(each, TextDelta)], end.response


async def test_a_streamed_reply_is_the_reply_to_the_bit(model_path: Path) -> None:
    """Text and usage, for texts, chats, grammars, stops, labels, signs of several bytes, and any limit."""
    front = "Tell a story.\n\n"
    requests = [
        STORY,
        evolve(STORY, stop=(",",)),
        evolve(STORY, text=front + "Once upon a time", stable=len(front)),
        evolve(STORY, temperature=1.2, seed=7),
        ModelRequest(messages=(Message(Role.USER, "Is snow white?"),), max_tokens=8),
        ModelRequest(text="Is it good?", labels=(" yes", " no")),
        *(ModelRequest(text="x", grammar=SIGNS, max_tokens=room) for room in (2, 3, 4, 6, 7, 9)),
    ]
    async with opened(model_path) as model:
        assert Capability.STREAM in model.capabilities
        for request in requests:
            pieces, response = await read(model, request)
            assert response == await model.complete(request)
            assert "".join(pieces) == response.text
        pieces, _ = await read(model, STORY)
        assert len(pieces) > 5


async def test_leaving_a_stream_stops_the_engine(model_path: Path) -> None:
    """The next call does not wait for what nobody reads, and is answered as if nothing had been."""
    async with opened(model_path) as model:
        before = await model.complete(STORY)
        with anyio.fail_after(20):  # the whole of it takes far longer
            for _ in range(3):
                async with model.stream(LENGTHY) as deltas:
                    assert await anext(deltas) == TextDelta("a")
            with anyio.move_on_after(0.5):
                await read(model, LENGTHY)
            async with model.stream(LENGTHY):
                pass
            assert await model.complete(STORY) == before


async def test_streams_at_once_take_turns(model_path: Path) -> None:
    """Neither disturbs the other, nor does a plain call."""
    async with opened(model_path) as model:
        alone = await model.complete(STORY)
        found: list[ModelResponse] = []

        async def stream() -> None:
            found.append((await read(model, STORY))[1])

        async def ask() -> None:
            found.append(await model.complete(STORY))

        async with anyio.create_task_group() as tasks:
            for each in (stream, ask, stream):
                tasks.start_soon(each)
        assert found == [alone] * 3


async def test_errors_of_a_stream_are_those_of_a_call(model_path: Path) -> None:
    """Too long a prompt, a bad grammar, a killed engine: typed, with what had been written, and the model goes on."""
    async with opened(model_path) as model:
        with pytest.raises(ContextLengthExceeded):
            await read(model, ModelRequest(text="word " * 5000))
        with pytest.raises(ModelError, match="grammar"):
            await read(model, evolve(STORY, grammar='root ::= "a'))
        pid = int((model_path.parent.parent / "engine.lock").read_text())
        with pytest.raises(ModelUnavailable, match="died during a call") as caught:
            await killed(model, pid)
        assert caught.value.partial.startswith("a")
        assert (await read(model, STORY))[1] == await model.complete(STORY)


async def killed(model: LocalModel, pid: int) -> None:
    """Read a reply, and kill the engine in the middle of it."""
    async with model.stream(LENGTHY) as deltas:
        await anext(deltas)
        os.kill(pid, signal.SIGKILL)
        async for _ in deltas:
            pass
