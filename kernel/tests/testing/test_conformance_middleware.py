"""Every rule of middlewares is failed by a middleware that breaks it, and by it alone."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest
from attrs import evolve

from elixirml.contracts import Capability, ModelDelta, ModelEnd, ModelRequest, ModelResponse, TextDelta, streamed
from elixirml.errors import ModelError, ModelRequestInvalid
from elixirml.testing.conformance.middleware import MiddlewareConformance
from elixirml.testing.conformance.suites import suite_of
from elixirml.variables import Integer


class Inside:
    """A wrapped model as it should be."""

    def __init__(self, model: Any, keep: dict[str, Any]) -> None:
        self.model, self.keep = model, keep

    @property
    def name(self) -> Any:
        return self.model.name

    @property
    def capabilities(self) -> Any:
        return self.model.capabilities

    @property
    def fingerprint(self) -> Any:
        return self.model.fingerprint

    @property
    def concurrency(self) -> Any:
        return self.model.concurrency

    async def complete(self, request: ModelRequest) -> ModelResponse:
        found: ModelResponse = await self.model.complete(request)
        return found

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        async with streamed(self.model, request) as deltas:
            yield deltas


class Through:
    """A middleware as it should be."""

    order: Any = 55
    inside: Any = Inside

    def __init__(self) -> None:
        self.keep: dict[str, Any] = {}

    def variables(self) -> Any:
        return (Integer("patience", default=2, low=1, high=4),)

    def wrap(self, model: Any, *, options: Mapping[str, Any], host: Any) -> Any:
        return self.inside(model, self.keep)


class Unordered(Through):
    order = "last"


class Dotted(Through):
    def variables(self) -> Any:
        return (Integer("through.patience", default=2, low=1, high=4),)


class Renamed(Inside):
    name = "through/model"


class Poorer(Inside):
    @property
    def capabilities(self) -> Any:
        return self.model.capabilities - {Capability.GRAMMAR}


class Marked(Inside):
    @property
    def fingerprint(self) -> Any:
        return f"{self.model.fingerprint}, through"


class Closed(Inside):
    concurrency = 0


class Meddling(Inside):
    async def complete(self, request: ModelRequest) -> ModelResponse:
        return await super().complete(evolve(request, temperature=0.1))


class Translating(Inside):
    async def complete(self, request: ModelRequest) -> ModelResponse:
        try:
            return await super().complete(request)
        except ModelRequestInvalid as error:
            raise ModelError(error.message) from error


class Last(Inside):
    """Sends the request that came last."""

    async def complete(self, request: ModelRequest) -> ModelResponse:
        self.request = request
        await anyio.sleep(0.001)
        return await super().complete(self.request)


class Mixing(Inside):
    """Remembers replies by the words of the request alone."""

    async def complete(self, request: ModelRequest) -> ModelResponse:
        kept = self.keep.setdefault(request.messages[-1].content, [])
        if not kept:
            kept.append(await super().complete(request))
        return kept[0]  # type: ignore[no-any-return]


class Swallowing(Inside):
    async def complete(self, request: ModelRequest) -> ModelResponse:
        try:
            return await super().complete(request)
        except anyio.get_cancelled_exc_class():
            return ModelResponse("")


class Losing(Inside):
    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        async with super().stream(request) as deltas, aclosing(_without_first(deltas)) as left:
            yield left


async def _without_first(deltas: AsyncIterator[ModelDelta]) -> AsyncGenerator[ModelDelta]:
    first = await anext(deltas)
    async for each in deltas:
        yield ModelEnd(evolve(each.response, text="")) if isinstance(each, ModelEnd) else first


class Smoothing(Inside):
    """Makes an end where a stream breaks."""

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        async with super().stream(request) as deltas, aclosing(_smoothed(deltas)) as smoothed:
            yield smoothed


async def _smoothed(deltas: AsyncIterator[ModelDelta]) -> AsyncGenerator[ModelDelta]:
    said = ""
    try:
        async for each in deltas:
            said += each.text if isinstance(each, TextDelta) else ""
            yield each
    except ModelError:
        yield ModelEnd(ModelResponse(said))


class Whole(Inside):
    """Reads a stream to its end before anybody sees a piece."""

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        async with super().stream(request) as deltas:
            pieces = [each async for each in deltas]
        yield _told(pieces)


async def _told(pieces: list[ModelDelta]) -> AsyncIterator[ModelDelta]:
    for each in pieces:
        yield each


def suite(inside: Any = Inside, middleware: Any = Through) -> Any:
    return suite_of("middlewares", type(middleware.__name__, (middleware,), {"inside": inside}), patience=1.5)


RIGHT = suite()
WRONG = {
    "test_the_order_is_declared": suite(middleware=Unordered),
    "test_variables_have_unique_short_names_and_valid_defaults": suite(middleware=Dotted),
    "test_the_name_is_that_of_the_model": suite(Renamed),
    "test_capabilities_are_those_of_the_model": suite(Poorer),
    "test_the_fingerprint_is_that_of_the_model": suite(Marked),
    "test_concurrency_is_at_least_one": suite(Closed),
    "test_a_reply_passes_unchanged": suite(Meddling),
    "test_errors_pass_through_unchanged": suite(Translating),
    "test_calls_beside_each_other_do_not_mix": suite(Last),
    "test_models_do_not_mix": suite(Mixing),
    "test_a_cancellation_reaches_the_model": suite(Swallowing),
    "test_a_stream_passes": suite(Losing),
    "test_a_stream_that_breaks_is_an_error": suite(Smoothing),
    "test_a_stream_that_is_left_is_left_inside": suite(Whole),
}


def test_a_right_middleware_passes(judge: Any) -> None:
    """Every rule is tried on a right middleware, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_middleware(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, MiddlewareConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_middleware_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
