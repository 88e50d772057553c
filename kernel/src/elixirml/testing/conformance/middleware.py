"""What every middleware promises: a model that does as the one inside does, but for what it is about."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias

import anyio

from elixirml.contracts.language_model import Capability, LanguageModel, ModelHost, ModelRequest
from elixirml.contracts.messages import Message, Role
from elixirml.contracts.middleware import Middleware
from elixirml.contracts.stream import ModelDelta, TextDelta, streamed
from elixirml.errors import ModelError, ModelRequestInvalid
from elixirml.testing.conformance.language_model import PlainHost, check_whole_stream
from elixirml.testing.conformance.suite import Conformance, expect, leaving_nothing
from elixirml.testing.conformance.variables import check_variables
from elixirml.testing.models import ScriptedModel

__all__ = ["MiddlewareConformance"]

Wrap: TypeAlias = Callable[[LanguageModel], LanguageModel]
_REPLY: Final = "The lamp is on the pier."


def _asked(number: int = 0) -> ModelRequest:
    return ModelRequest((Message(Role.USER, f"Where is lamp {number}?"),), max_tokens=20)


def _echo(request: ModelRequest) -> str:
    return request.messages[-1].content.upper()


class MiddlewareConformance(Conformance[Middleware]):
    """What is promised by `elixirml.contracts.Middleware` and by the models it makes.

    Example:
        >>> class TestPatience(MiddlewareConformance):
        ...     def subject(self):
        ...         return Patience()

    .. versionadded:: 0.1
    """

    def options(self) -> Mapping[str, Any]:
        """Return values of its variables; by default, their defaults."""
        return {each.name: each.default for each in self.subject().variables()}

    def sections(self) -> dict[str, Any]:
        """Return the configuration it asks its host for."""
        return {}

    @asynccontextmanager
    async def host(self) -> AsyncGenerator[ModelHost]:
        """Return a host for the length of a block; override it for middlewares that need a whole kernel."""
        with TemporaryDirectory() as folder:
            async with anyio.create_task_group() as group:
                try:
                    yield PlainHost(Path(folder), group, self.sections())
                finally:
                    group.cancel_scope.cancel()

    def test_the_order_is_declared(self) -> None:
        """`order` is a whole number, the same for every instance; see `elixirml.contracts.ORDERS`."""
        found: object = self.subject().order
        fits = isinstance(found, int) and not isinstance(found, bool) and found == self.subject().order
        expect(fits, f"`order` is {found!r}: return a whole number; `elixirml.contracts.ORDERS` has the usual ones.")

    def test_variables_have_unique_short_names_and_valid_defaults(self) -> None:
        """What may be tuned can be put under `middleware.<name>` as it is."""
        check_variables(self.subject().variables())

    def test_the_name_is_that_of_the_model(self) -> None:
        """Programs and reports know the model by its own name."""

        async def check(wrap: Wrap) -> None:
            model = ScriptedModel(name="scripted/inner")
            expect(wrap(model).name == model.name, "The name is not the model's: delegate `name`.")

        self._with_host(check)

    def test_capabilities_are_those_of_the_model(self) -> None:
        """Adapters choose their means by what the model inside can do."""

        async def check(wrap: Wrap) -> None:
            for can in (frozenset[Capability](), frozenset({Capability.STREAM, Capability.GRAMMAR})):
                found = wrap(ScriptedModel(capabilities=can)).capabilities
                expect(found == can, f"A model with {set(can)} seems to have {set(found)}: delegate `capabilities`.")

        self._with_host(check)

    def test_the_fingerprint_is_that_of_the_model(self) -> None:
        """Journals are found with and without the middleware."""

        async def check(wrap: Wrap) -> None:
            found = wrap(ScriptedModel(fingerprint="weights-7")).fingerprint
            expect(found == "weights-7", "The fingerprint is not the model's: delegate `fingerprint`.")

        self._with_host(check)

    def test_concurrency_is_at_least_one(self) -> None:
        """It may let fewer calls through than the model would, but some."""

        async def check(wrap: Wrap) -> None:
            found = wrap(ScriptedModel(concurrency=3)).concurrency
            expect(found >= 1, f"`concurrency` is {found}: return at least 1, or the model's.")

        self._with_host(check)

    def test_a_reply_passes_unchanged(self) -> None:
        """The model inside is asked what was asked, and its words come out."""

        async def check(wrap: Wrap) -> None:
            model = ScriptedModel(script=[_REPLY])
            reply = await wrap(model).complete(_asked())
            expect(reply.text == _REPLY, f"The model said {_REPLY!r} and {reply.text!r} came out.")
            expect(
                model.requests == [_asked()], "The model was asked something else, or not once: pass the request on."
            )

        self._with_host(check)

    def test_errors_pass_through_unchanged(self) -> None:
        """An error that no attempt would mend comes out as the model raised it."""

        async def check(wrap: Wrap) -> None:
            raised = ModelRequestInvalid("top_p is not known here", status=400)
            wrapped = wrap(ScriptedModel(script=_raising(raised)))
            try:
                await wrapped.complete(_asked())
            except ModelRequestInvalid as error:
                same = (error.message, error.status) == (raised.message, raised.status)
                expect(same, f"The error was changed to {error!r}: let errors of the model through as they are.")
            except Exception as error:
                raise AssertionError(f"A ModelRequestInvalid became {type(error).__name__}: let it through.") from error
            else:
                raise AssertionError("A ModelRequestInvalid was swallowed: let it through.")

        self._with_host(check)

    def test_calls_beside_each_other_do_not_mix(self) -> None:
        """Each of several calls at once gets its own reply."""

        async def check(wrap: Wrap) -> None:
            wrapped = wrap(ScriptedModel(script=_echo, latency=0.01))
            found: dict[int, str] = {}

            async def ask(number: int) -> None:
                found[number] = (await wrapped.complete(_asked(number))).text

            async with anyio.create_task_group() as group:
                for number in range(6):
                    group.start_soon(ask, number)
            wrong = [number for number, text in found.items() if text != _echo(_asked(number))]
            expect(not wrong, "Calls at the same time got each other's replies: keep what belongs to a call in it.")

        self._with_host(check)

    def test_models_do_not_mix(self) -> None:
        """One instance serves all models of a kernel, each with its own replies."""

        async def check(wrap: Wrap) -> None:
            for name in ("one", "other"):
                model = ScriptedModel(name=f"scripted/{name}", script=[name], fingerprint=name)
                reply = await wrap(model).complete(_asked())
                expect(reply.text == name, f"The model `{name}` seems to say {reply.text!r}: keep models apart.")

        self._with_host(check)

    def test_a_cancellation_reaches_the_model(self) -> None:
        """Whoever cancels a call gets control back, and the call inside has ended."""

        async def check(wrap: Wrap) -> None:
            wrapped = wrap(ScriptedModel(script=[_REPLY], latency=60.0))
            await _warmed(wrap)
            async with leaving_nothing("A cancelled call"):
                with anyio.move_on_after(0.05) as scope:
                    await wrapped.complete(_asked())
                expect(scope.cancelled_caught, "A cancellation was swallowed: let it through.")

        self._with_host(check)

    def test_a_stream_passes(self) -> None:
        """A streamed reply comes out in full, with one end."""

        async def check(wrap: Wrap) -> None:
            wrapped = wrap(ScriptedModel(script=[_REPLY]))
            async with streamed(wrapped, _asked()) as deltas:
                pieces: list[ModelDelta] = [each async for each in deltas]
            check_whole_stream(pieces)
            text = "".join(each.text for each in pieces if isinstance(each, TextDelta))
            expect(text == _REPLY, f"The model streamed {_REPLY!r} and {text!r} came out.")

        self._with_host(check)

    def test_a_stream_that_breaks_is_an_error(self) -> None:
        """What came is told and the error with it; a reply never seems whole that is not."""

        async def check(wrap: Wrap) -> None:
            wrapped = wrap(ScriptedModel(script=[_REPLY], breaks_after=2))
            try:
                async with streamed(wrapped, _asked()) as deltas:
                    _ = [each async for each in deltas]
            except ModelError:
                return
            raise AssertionError("A stream that broke off ended as if it were whole: let the error through.")

        self._with_host(check)

    def test_a_stream_that_is_left_is_left_inside(self) -> None:
        """Leaving early leaves the model's stream too."""

        async def check(wrap: Wrap) -> None:
            model = ScriptedModel(script=[_REPLY])
            wrapped = wrap(model)
            await _warmed(wrap)
            async with leaving_nothing("A stream that was left"), streamed(wrapped, _asked()) as deltas:
                await anext(deltas)
            expect(model.closed_early == 1, "The model's stream was not left: leave its context with your own.")

        self._with_host(check)

    def _with_host(self, check: Callable[[Wrap], Awaitable[None]]) -> None:
        async def run() -> None:
            middleware, options = self.subject(), self.options()
            async with self.host() as host:
                await check(lambda model: middleware.wrap(model, options=options, host=host))

        self.on_every_loop(run)


async def _warmed(wrap: Wrap) -> None:
    """Make a call, so that what is started once for all calls runs already."""
    await wrap(ScriptedModel(name="scripted/warm", script=["Good morning."])).complete(_asked(99))


def _raising(error: Exception) -> Callable[[ModelRequest], str]:
    def script(request: ModelRequest) -> str:
        _ = request
        raise error

    return script
