"""Models around models: what they say of themselves, and what passes through them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager

import pytest
from attrs import evolve, frozen

from elixirml.contracts import Capability, Embeddings, ModelDelta, ModelRequest, ModelResponse, WrappedModel, streamed
from elixirml.errors import ModelRequestInvalid
from elixirml.testing.models import ScriptedModel


@frozen(eq=False)
class Shouting(WrappedModel):
    """A model whose replies are in capitals; it knows nothing of streams."""

    async def complete(self, request: ModelRequest) -> ModelResponse:
        response = await self.model.complete(request)
        return evolve(response, text=response.text.upper())


@frozen(eq=False)
class Passing(WrappedModel):
    """A model whose replies pass through as they arrive."""

    async def complete(self, request: ModelRequest) -> ModelResponse:
        return await self.model.complete(request)

    def stream(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelDelta]]:
        return streamed(self.model, request)


def test_a_wrapped_model_says_what_the_model_says() -> None:
    """Name, fingerprint and concurrency, however deep it is wrapped; it is shown by name."""
    model = ScriptedModel(name="scripted/m", fingerprint="f", concurrency=3)
    wrapped = Passing(Shouting(model))

    assert (wrapped.name, wrapped.fingerprint, wrapped.concurrency) == ("scripted/m", "f", 3)
    assert repr(wrapped) == "Passing(model=<scripted/m>)"


def test_a_wrapped_model_streams_where_all_of_it_can() -> None:
    """A layer that gives replies whole would be passed by; so none around it claims to stream."""
    model = ScriptedModel()
    whole = model.capabilities - {Capability.STREAM}

    assert Capability.STREAM in model.capabilities
    assert Passing(Passing(model)).capabilities == model.capabilities
    assert Shouting(model).capabilities == Passing(Shouting(model)).capabilities == whole


@pytest.mark.anyio
async def test_a_layer_without_streams_is_not_passed_by(anyio_backend: str) -> None:
    """Its reply comes whole, and as it has made it."""
    async with streamed(Passing(Shouting(ScriptedModel(script=["it is"], pieces=1))), ModelRequest()) as deltas:
        said = [getattr(each, "text", "") async for each in deltas]
    assert said == ["IT IS", ""]


class Embedding(ScriptedModel):
    """A model that embeds as well."""

    async def embed(self, texts: Sequence[str], *, dimensions: int | None = None) -> Embeddings:
        return Embeddings(tuple((float(len(each)),) * (dimensions or 1) for each in texts))


@pytest.mark.anyio
async def test_vectors_pass_through(anyio_backend: str) -> None:
    """What is about replies has no say in vectors; of a model without any, the error names it."""
    found = await Passing(Shouting(Embedding())).embed(["ab"], dimensions=2)
    assert found.vectors == ((2.0, 2.0),)
    with pytest.raises(ModelRequestInvalid, match="scripted/m gives no vectors"):
        await Shouting(ScriptedModel(name="scripted/m")).embed(["ab"])
