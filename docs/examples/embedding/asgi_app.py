"""A plain ASGI application around a kernel; any ASGI server runs it, for example

    uvicorn --factory asgi_app:create

`POST /ask` with `{"question": "..."}` is answered with `{"answer": "..."}`. Which model answers is configuration:
`model` under `[kernel]` in `elixirml.toml`, or the environment variable `ELIXIRML_KERNEL__MODEL`.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

import elixirml as ml

Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]

ASK = ml.as_program(ml.predict("question -> answer: str", adapter="json"))


class Application:
    """Answers questions for as long as its kernel runs: from the server's start to its end."""

    def __init__(self, kernel: ml.Kernel) -> None:
        self.kernel = kernel

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.live(receive, send)
        elif (scope["type"], scope.get("method"), scope.get("path")) == ("http", "POST", "/ask"):
            await respond(send, *await self.answer(await body(receive)))
        else:
            await respond(send, 404, {"error": "not-found"})

    async def live(self, receive: Receive, send: Send) -> None:
        await receive()  # lifespan.startup
        async with self.kernel:
            await send({"type": "lifespan.startup.complete"})
            await receive()  # lifespan.shutdown
        await send({"type": "lifespan.shutdown.complete"})

    async def answer(self, question: bytes) -> tuple[int, Mapping[str, Any]]:
        try:
            result = await self.kernel.run(ASK, json.loads(question), budget=ml.Budget(calls=3, seconds=60))
        except ml.ElixirError as error:
            status = 422 if isinstance(error, ValueError) else 503
            return status, {"error": error.code, "message": error.message}
        except ValueError:
            return 400, {"error": "no-json"}
        return 200, result.fields


async def body(receive: Receive) -> bytes:
    whole, more = b"", True
    while more:
        event = await receive()
        whole, more = whole + event.get("body", b""), event.get("more_body", False)
    return whole


async def respond(send: Send, status: int, content: Mapping[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


def create() -> Application:
    """What a server calls."""
    return Application(ml.Kernel())
