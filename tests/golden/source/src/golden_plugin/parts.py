"""Capabilities of the golden plugin, as small as their contracts allow; those a run needs really work."""

from contextlib import asynccontextmanager, nullcontext

import click
from attrs import frozen

from elixirml.contracts import (
    Direction,
    ExecutorCapacity,
    Extension,
    Message,
    ModelInfo,
    ModelRequest,
    ModelResponse,
    Proposal,
    Role,
    Row,
    Score,
    Stop,
    ToolResult,
    Usage,
)
from elixirml.errors import ParseError


class Engine:
    """Reads no type."""

    def supports(self, declared):
        return False


class Provider:
    """Opens a model that says `golden`."""

    def models(self):
        return (ModelInfo("model", "says golden", installed=True),)

    def open(self, model, host):
        return Model()


class Model:
    """Says `golden`."""

    name = "golden/model"
    capabilities = frozenset()
    fingerprint = "golden"
    concurrency = 1

    async def complete(self, request):
        return ModelResponse("golden", "stop", Usage(calls=1, tokens_in=1, tokens_out=1))


class Middleware:
    """Changes nothing."""

    order = 15

    def variables(self):
        return ()

    def wrap(self, model, *, options, host):
        return model


class Adapter:
    """The whole reply is the first output."""

    def suits(self, signature):
        return 1

    def variables(self, signature):
        return ()

    def format(self, call):
        return ModelRequest(messages=(Message(Role.USER, call.signature.instruction),), max_tokens=call.max_tokens)

    def parse(self, signature, response, *, options):
        if not response.text:
            raise ParseError("The reply is empty.", failure="empty", reply=response.text)
        return {signature.outputs[0].name: response.text}

    def fit(self, signature, observations, *, options):
        return {}


class Predictor:
    """Asks once."""

    def extend(self, signature):
        return signature

    def variables(self, signature):
        return ()

    async def predict(self, call):
        return await call.exchange()


class Teleprompter:
    """Tries nothing."""

    def initialize(self, context):
        return context

    def optimize_step(self, state, events, rng):
        return state, (Stop("golden"),)

    def finalize(self, state):
        return Proposal(())


class Metric:
    """1 for every reply."""

    direction = Direction.MAXIMIZE
    unit = "fraction"
    failure = 0.0

    def score(self, example, prediction):
        return Score(1.0)


METRIC = Metric()


class Tool:
    """Returns what it is given."""

    name = "golden"
    description = "Return what is given."
    parameters = {"type": "object", "properties": {}}  # noqa: RUF012 - as small as can be
    examples = ()
    flags = frozenset()

    async def call(self, arguments, context):
        return ToolResult(dict(arguments))


class Source:
    """One row, whatever the file."""

    suffixes = (".golden",)

    def open(self, location):
        return Data(location)


@frozen
class Data:
    """One row."""

    name: str

    def stream(self):
        yield Row(1, {"text": "golden"})


class Retriever:
    """Finds nothing."""

    async def search(self, query, k):
        return ()

    async def add(self, passages):
        pass

    async def remove(self, ids):
        pass


class Executor:
    """Has no workers."""

    @asynccontextmanager
    async def running(self, workers, slots, *, grace=5.0):
        yield self

    def capacity(self):
        return ExecutorCapacity(0, 0)


class Stores:
    """Opens itself, and keeps nothing."""

    def open(self, location):
        return nullcontext(self)

    def get(self, namespace, key):
        return None


class Observer:
    """Forgets what it is told."""

    def notify(self, event):
        pass


@click.command("golden")
def command():
    """Say `golden`."""
    click.echo("golden")


@frozen
class Settings:
    """One setting."""

    shine: float = 1.0


class Running(Extension):
    """Does nothing in a kernel."""
