"""The middleware `fallback`: during an outage other models are asked, in the order in which they are named."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from elixirml.contracts import ORDERS, LanguageModel, ModelHost, ModelRequest, ModelResponse, WrappedModel
from elixirml.errors import ModelError, PluginError
from elixirml.variables import Variable
from elixirml_resilience.outages import is_outage
from elixirml_resilience.settings import section, settled
from elixirml_resilience.streaming import Deltas, begun, ending

__all__ = ["Fallback"]

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
_STANDING_IN: Final[ContextVar[bool]] = ContextVar("standing_in", default=False)
"""Whether a model is being asked in place of another: then nobody stands in for it, or two would ask each other."""


@frozen(eq=False)
class Fallback:
    """Gives models others that stand in for them."""

    @property
    def order(self) -> int:
        """Around retry and breaker: when they give up, another model is asked."""
        return ORDERS["fallback"]

    def variables(self) -> tuple[Variable, ...]:
        """Return nothing: who may stand in is the user's to say."""
        return ()

    def wrap(self, model: LanguageModel, *, options: Mapping[str, Any], host: ModelHost) -> LanguageModel:
        """Return a model that others stand in for; they are opened when they are needed."""
        names = settled(section(host).fallback, options).models
        return _Covered(model, tuple(each for each in names if each != model.name), host)


@frozen(eq=False)
class _Covered(WrappedModel):
    names: Sequence[str]
    host: ModelHost = field(repr=False)

    async def complete(self, request: ModelRequest) -> ModelResponse:
        """Return the model's reply, or that of the first other one that has one; `model` tells which.

        Raises:
            ModelError: The model's own; notes tell of the others.
        """
        response, stand_in = await self._first(lambda model: model.complete(request))
        return _signed(response, stand_in)

    @asynccontextmanager
    async def stream(self, request: ModelRequest) -> AsyncGenerator[Deltas]:
        """Give the first stream that begins.

        Raises:
            ModelError: None began, or the one that did broke.
        """
        async with AsyncExitStack() as stack:
            deltas, stand_in = await self._first(lambda model: stack.enter_async_context(begun(model, request)))

            async def signed(response: ModelResponse) -> ModelResponse:
                return _signed(response, stand_in)

            yield await stack.enter_async_context(ending(deltas, ended=signed))

    async def _first(self, ask: Callable[[LanguageModel], Awaitable[T]]) -> tuple[T, str | None]:
        """Return what the first model gives that does not fail, and the name of that model if it is another one."""
        try:
            return await ask(self.model), None
        except ModelError as error:
            if not is_outage(error) or _STANDING_IN.get():
                raise
            outage = error
        for name in self.names:
            _LOG.info("%s: %s; asking %s", self.name, outage.code, name)
            try:
                with _standing_in():
                    return await ask(self.host.language_model(name)), name
            except (ModelError, PluginError) as error:
                outage.add_note(f"In its place {name} was asked: {error.message}")
        raise outage


@contextmanager
def _standing_in() -> Generator[None]:
    token = _STANDING_IN.set(True)
    try:
        yield
    finally:
        _STANDING_IN.reset(token)


def _signed(response: ModelResponse, stand_in: str | None) -> ModelResponse:
    return response if stand_in is None else evolve(response, model=stand_in)
