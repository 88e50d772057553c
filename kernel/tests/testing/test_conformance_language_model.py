"""Every rule of language models is failed by a model or provider that breaks it, and by it alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
import sniffio
from attrs import evolve

from elixirml.contracts import (
    Capability,
    ModelDelta,
    ModelEnd,
    ModelInfo,
    ModelRequest,
    ModelResponse,
    TextDelta,
    Usage,
)
from elixirml.errors import ModelOverloaded, ModelUnavailable
from elixirml.testing.conformance.language_model import LanguageModelConformance
from elixirml.testing.conformance.suites import suite_of


class Echo:
    """A model as it should be."""

    concurrency: Any = 2

    def __init__(self, name: str = "echo/small") -> None:
        self.name = name
        self.calls = 0

    @property
    def capabilities(self) -> Any:
        return frozenset({Capability.STREAM, Capability.LABEL_LOGPROBS})

    @property
    def fingerprint(self) -> Any:
        return "echo-1"

    async def complete(self, request: ModelRequest) -> Any:
        await anyio.sleep(0.001)
        self.calls += 1
        if request.labels:
            scores = self.scores(request)
            return ModelResponse(max(scores, key=lambda each: scores[each]), "stop", self.used(), scores)
        return ModelResponse(self.said(request), "stop", self.used())

    def scores(self, request: ModelRequest) -> dict[str, float]:
        return {each: -float(at + 1) for at, each in enumerate(request.labels)}

    def used(self) -> Usage:
        return Usage(calls=1, tokens_in=3, tokens_out=3)

    def said(self, request: ModelRequest) -> str:
        return request.messages[-1].content.upper()

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        deltas = self.pieces(request)
        try:
            yield deltas
        finally:
            await deltas.aclose()  # type: ignore[attr-defined]

    async def pieces(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        response = await self.complete(request)
        for at in range(0, len(response.text), 4):
            yield TextDelta(self.streamed(response.text[at : at + 4]))
        yield ModelEnd(evolve(response, text=self.ended(response.text)))

    def streamed(self, text: str) -> str:
        return text

    def ended(self, text: str) -> str:
        return text


class Provider:
    """A provider as it should be."""

    model: Any = Echo
    known: Any = (ModelInfo("small", "says it louder", installed=True), ModelInfo("large", "the same", installed=False))

    def models(self) -> Any:
        return self.known

    def open(self, model: str, host: object) -> Any:
        if model not in {each.name for each in self.known}:
            raise ModelUnavailable(f"There is no model {model}.", hint="Use echo/small.")
        return self.model(f"echo/{model}")


class Doubled(Provider):
    known = (*Provider.known, *Provider.known)


class Opens(Provider):
    def open(self, model: str, host: object) -> Any:
        return self.model(f"echo/{model}") if model == "small" else _raised(LookupError(model))


def _raised(error: Exception) -> Any:
    raise error


class Renamed(Echo):
    def __init__(self, name: str) -> None:
        super().__init__(name.partition("/")[2])


class Growing(Echo):
    @property
    def capabilities(self) -> Any:
        return super().capabilities | ({Capability.TOOLS} if self.calls else set())


class Changing(Echo):
    @property
    def fingerprint(self) -> Any:
        return f"echo-{min(self.calls, 1)}"


class Closed(Echo):
    concurrency = 0


class Unfinished(Echo):
    async def complete(self, request: ModelRequest) -> Any:
        return evolve(await super().complete(request), finish="")


class Uncounted(Echo):
    def used(self) -> Usage:
        return Usage()


class Moody(Echo):
    """Says something else each time, but after a stream what was streamed."""

    asked = 0

    async def complete(self, request: ModelRequest) -> Any:
        found = await super().complete(request)
        self.asked += 1
        return found if request.labels else evolve(found, text=f"{found.text} {self.asked}")

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        async with super().stream(request) as deltas:
            yield deltas
        self.asked = 0


class Single(Echo):
    """Has lost those that came while another was under way."""

    busy = False

    async def complete(self, request: ModelRequest) -> Any:
        if self.busy:
            await anyio.sleep_forever()
        self.busy = True
        try:
            await anyio.sleep(0.005)
            return await super().complete(request)
        finally:
            self.busy = False


class Leaving(Echo):
    async def complete(self, request: ModelRequest) -> Any:
        if sniffio.current_async_library() == "asyncio":
            task = asyncio.create_task(super().complete(request))
            LEFT.append(task)
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                LEFT.append(asyncio.create_task(asyncio.sleep(60)))
                raise
        return await super().complete(request)

    async def pieces(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        response = await super().complete(request)
        yield TextDelta(response.text)
        yield ModelEnd(response)


LEFT: list[Any] = []


class Unscored(Echo):
    def scores(self, request: ModelRequest) -> dict[str, float]:
        return {each: float(at) for at, each in enumerate(request.labels)}


class Cut(Echo):
    """The pieces are right, and the end says something else."""

    def ended(self, text: str) -> str:
        return ""


class Lowered(Echo):
    """A stream is right in itself, and of another reply."""

    def streamed(self, text: str) -> str:
        return text.lower()

    def ended(self, text: str) -> str:
        return text.lower()


class Hanging(Echo):
    """Whoever leaves a stream early leaves something behind."""

    over = True

    def streamed(self, text: str) -> str:
        self.over = False
        return text

    def ended(self, text: str) -> str:
        self.over = True
        return text

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelDelta]]:
        async with super().stream(request) as deltas:
            yield deltas
        if not self.over and sniffio.current_async_library() == "asyncio":
            LEFT.append(asyncio.create_task(asyncio.sleep(60)))


class Failing(Echo):
    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.error = error or ModelOverloaded("no room")

    async def complete(self, request: ModelRequest) -> Any:
        raise self.error


def suite(model: Any = Echo, provider: Any = Provider, failing: Any = Failing, **more: Any) -> Any:
    def made() -> Any:
        return type(provider.__name__, (provider,), {"model": model})()

    settings: Mapping[str, Any] = {"prefix": "echo", "patience": 1.5, "failing": lambda _: failing(), **more}
    return suite_of("language_models", made, **settings)


RIGHT = suite()
WRONG = {
    "test_models_are_listed": suite(provider=Doubled),
    "test_an_unknown_model_is_unavailable": suite(provider=Opens),
    "test_the_name_is_that_of_provider_and_model": suite(Renamed),
    "test_capabilities_are_declared": suite(Growing),
    "test_the_fingerprint_is_stable": suite(Changing),
    "test_concurrency_is_at_least_one": suite(Closed),
    "test_replies_are_whole": suite(Unfinished),
    "test_usage_is_told": suite(Uncounted),
    "test_the_same_request_has_the_same_reply": suite(Moody),
    "test_calls_at_once_all_come_back": suite(Single),
    "test_failures_are_model_errors": suite(failing=lambda: Failing(KeyError("reply"))),
    "test_nothing_is_left_of_a_cancelled_call": suite(Leaving),
    "test_labels_are_scored": suite(Unscored),
    "test_a_stream_says_what_its_end_holds": suite(Cut),
    "test_a_stream_equals_the_whole_reply": suite(Lowered),
    "test_a_stream_can_be_left_early": suite(Hanging),
}


def test_a_moody_model_passes_where_it_says_so(judge: Any) -> None:
    """A model that does not promise the same reply twice is not held to it."""
    assert judge.failing(suite(Moody, repeatable=False)) == {}


def test_a_right_model_passes(judge: Any) -> None:
    """Every rule is tried on a right model, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_model(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, LanguageModelConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_model_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
