"""What every language model and its provider promise: whole replies, honest accounts, and nothing left behind."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final, cast

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint
from attrs import field, frozen

from elixirml.contracts.language_model import (
    Capability,
    LanguageModel,
    LanguageModelProvider,
    ModelHost,
    ModelRequest,
    ModelResponse,
)
from elixirml.contracts.messages import Message, Role
from elixirml.contracts.stream import ModelDelta, ModelEnd, ReasoningDelta, StreamingModel, TextDelta
from elixirml.errors import ConfigError, ModelError, ModelUnavailable
from elixirml.testing.conformance.extension import started
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect, leaving_nothing

__all__ = ["LanguageModelConformance", "PlainHost", "check_whole_stream"]

_ASKED: Final = ModelRequest((Message(Role.USER, "Say hello."),), max_tokens=12, seed=1)


@frozen(eq=False)
class PlainHost:
    """A host for tests: a folder for downloads, no configuration and no other models; it supervises in a task group.

    Attributes:
        cache_dir: Where downloads are kept.
        group: Where services run; None refuses them.
        sections: Configurations by section.
    """

    cache_dir: Path
    group: TaskGroup | None = None
    sections: dict[str, Any] = field(factory=dict[str, Any])
    _started: set[str] = field(factory=set[str], init=False)

    def configuration(self, section: str) -> Any:
        """Return the configuration of a section.

        Raises:
            ConfigError: There is none.
        """
        if section not in self.sections:
            raise ConfigError(f"There is no section `{section}`.", hint="Override `sections` of the suite.")
        return self.sections[section]

    def language_model(self, name: str) -> LanguageModel:
        """Refuse: there are no other models here.

        Raises:
            ModelUnavailable: Always.
        """
        raise ModelUnavailable(f"There is no model `{name}` here.", hint="Use a kernel.")

    async def supervise(self, name: str, run: Callable[..., Awaitable[None]]) -> None:
        """Start a service once.

        Raises:
            ConfigError: Nothing is supervised here.
        """
        if self.group is None:
            raise ConfigError("This host supervises nothing.", hint="Open the model inside `opened`.")
        if name not in self._started:
            await self.group.start(started, run)
            self._started.add(name)


class LanguageModelConformance(Conformance[LanguageModelProvider]):
    """What is promised by `elixirml.contracts.LanguageModelProvider` and by the models it opens.

    Some twenty short calls of the model are made on each event loop.

    Example:
        >>> class TestEcho(LanguageModelConformance):
        ...     def subject(self):
        ...         return EchoProvider()
        ...
        ...     def model(self):
        ...         return "small"

    .. versionadded:: 0.1

    Attributes:
        prefix: The name the provider is contributed under; None leaves names before the slash unchecked.
        repeatable: Whether the same request at temperature 0 gives the same reply.
    """

    prefix: ClassVar[str | None] = None
    repeatable: ClassVar[bool] = True

    def model(self) -> str:
        """Return the name of the model to try, without prefix; by default the first installed one that is listed."""
        names = [each.name for each in self.subject().models() if each.installed]
        if not names:
            raise NotApplicable("No model is listed as installed: let `model` return the name of one.")
        return names[0]

    def request(self) -> ModelRequest:
        """Return a request it can answer shortly."""
        return _ASKED

    def sections(self) -> dict[str, Any]:
        """Return the configuration it asks its host for."""
        return {}

    def failing(self) -> LanguageModel:
        """Return a model whose calls fail."""
        raise NotApplicable("No model is known whose calls fail: let `failing` return one.")

    @asynccontextmanager
    async def host(self) -> AsyncGenerator[ModelHost]:
        """Return a host for the length of a block; override it for models that need a whole kernel."""
        async with AsyncExitStack() as stack:
            folder = stack.enter_context(TemporaryDirectory())
            group = await stack.enter_async_context(anyio.create_task_group())
            try:
                yield PlainHost(Path(folder), group, self.sections())
            finally:
                group.cancel_scope.cancel()

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[LanguageModel]:
        """Open the model for the length of a block."""
        async with self.host() as host:
            yield self.subject().open(self.model(), host)

    def test_models_are_listed(self) -> None:
        """The provider lists what it knows, each name once and with a line about it."""
        known = self.subject().models()
        expect(isinstance(known, tuple), f"`models` returned {known!r}: return a tuple of ModelInfo.")
        names = [each.name for each in known]
        expect(len(set(names)) == len(names), "A model is listed twice: list each once.")
        silent = [each.name for each in known if len(each.summary.splitlines()) != 1]
        expect(not silent, f"{', '.join(silent)} has no summary of one line: write one, listings show it.")

    def test_an_unknown_model_is_unavailable(self) -> None:
        """A name that is not known is a `ModelUnavailable` with what to do, at the first use at the latest."""

        async def check() -> None:
            async with self.host() as host:
                try:
                    model = self.subject().open("no-such-model-of-tests", host)
                    await model.complete(self.request())
                except ModelUnavailable as error:
                    expect(error.hint, "A ModelUnavailable has no hint: say which command or setting mends it.")
                except Exception as error:
                    raise AssertionError(
                        f"An unknown model raised {type(error).__name__}: raise ModelUnavailable."
                    ) from error

        self.on_every_loop(check)

    def test_the_name_is_that_of_provider_and_model(self) -> None:
        """`name` is what users write: the provider, a slash, the model."""

        async def check(model: LanguageModel) -> None:
            provider, slash, name = model.name.partition("/")
            fits = slash and provider and name and self.prefix in {None, provider}
            expect(fits, f"The name is {model.name!r}: make it {self.prefix or 'provider'}/model.")

        self._with_model(check)

    def test_capabilities_are_declared(self) -> None:
        """What it can do is a set of `Capability`, the same before and after a call."""

        async def check(model: LanguageModel) -> None:
            found: object = model.capabilities
            fits = isinstance(found, frozenset) and all(isinstance(each, Capability) for each in cast("Any", found))
            expect(fits, f"`capabilities` is {found!r}: return a frozenset of Capability.")
            await model.complete(self.request())
            expect(model.capabilities == found, "`capabilities` changed with a call: adapters choose by it beforehand.")

        self._with_model(check)

    def test_the_fingerprint_is_stable(self) -> None:
        """Journals are found again: the fingerprint is the same before and after a call, and when opened anew."""

        async def check(model: LanguageModel) -> None:
            before = model.fingerprint
            expect(isinstance(before, str) and before, "The fingerprint is empty: name weights, engine, endpoint.")
            await model.complete(self.request())
            expect(model.fingerprint == before, "The fingerprint changed with a call: make it of what is known before.")
            async with self.opened() as again:
                expect(again.fingerprint == before, "Opened anew, the model has another fingerprint: keep it stable.")

        self._with_model(check)

    def test_concurrency_is_at_least_one(self) -> None:
        """It can be asked at all."""

        async def check(model: LanguageModel) -> None:
            found: object = model.concurrency
            fits = isinstance(found, int) and not isinstance(found, bool) and found >= 1
            expect(fits, f"`concurrency` is {found!r}: return how many calls it can answer at once, at least 1.")

        self._with_model(check)

    def test_replies_are_whole(self) -> None:
        """A reply says why it ended, and is plain data that can be journalled."""

        async def check(model: LanguageModel) -> None:
            found = await model.complete(self.request())
            expect(isinstance(found, ModelResponse), f"`complete` returned {found!r}: return a ModelResponse.")
            expect(isinstance(found.text, str), f"The text is {found.text!r}: make it a text, empty if need be.")
            expect(found.finish, "A reply has no `finish`: say 'stop', 'length', or the provider's own word.")
            data = found.to_json()
            expect(
                ModelResponse.from_json(data).to_json() == data, "A reply does not survive its journal: use plain data."
            )

        self._with_model(check)

    def test_usage_is_told(self) -> None:
        """A call that was made is counted, in amounts that add up."""

        async def check(model: LanguageModel) -> None:
            used = (await model.complete(self.request())).usage
            expect(used.calls == 1, f"A call is told as {used.calls}: set `usage.calls` to 1.")
            amounts = [each for each in used.to_json().values() if each is not None]
            wrong = [each for each in amounts if not isfinite(each) or each < 0]
            expect(not wrong, f"Usage is {used}: amounts are finite and not negative.")

        self._with_model(check)

    def test_the_same_request_has_the_same_reply(self) -> None:
        """At temperature 0 a journal may stand for the model; set `repeatable = False` where it may not."""
        if not self.repeatable:
            raise NotApplicable("It does not promise the same reply twice.")

        async def check(model: LanguageModel) -> None:
            one, again = [(await model.complete(self.request())).text for _ in range(2)]
            expect(
                one == again, f"The same request gave {one!r} and {again!r}: say `repeatable = False` if that is so."
            )

        self._with_model(check)

    def test_calls_at_once_all_come_back(self) -> None:
        """As many calls as it says it can answer at once are answered."""

        async def check(model: LanguageModel) -> None:
            replies: list[ModelResponse] = []

            async def ask() -> None:
                replies.append(await model.complete(self.request()))

            wanted = min(model.concurrency, 4) + 1
            async with anyio.create_task_group() as group:
                for _ in range(wanted):
                    group.start_soon(ask)
            expect(len(replies) == wanted, f"Of {wanted} calls {len(replies)} came back.")

        self._with_model(check)

    def test_failures_are_model_errors(self) -> None:
        """Whatever keeps a reply from coming is a `ModelError`, so that it is tried again and never scored."""
        failing = self.failing()

        async def check() -> None:
            try:
                await failing.complete(self.request())
            except ModelError:
                return
            except Exception as error:
                raise AssertionError(f"A failed call raised {type(error).__name__}: raise a ModelError.") from error
            raise AssertionError("A model that was to fail replied.")

        self.on_every_loop(check)

    def test_nothing_is_left_of_a_cancelled_call(self) -> None:
        """Whoever cancels a call gets control back, nothing goes on, and the next call is answered."""

        async def check(model: LanguageModel) -> None:
            await model.complete(self.request())  # what is started once stays, and is no matter of one call
            async with leaving_nothing("A cancelled call"):
                with anyio.CancelScope() as scope:
                    async with anyio.create_task_group() as group:
                        group.start_soon(model.complete, self.request())
                        await checkpoint()
                        scope.cancel()
            await model.complete(self.request())

        self._with_model(check)

    def test_labels_are_scored(self) -> None:
        """With `LABEL_LOGPROBS` every label has a finite log-probability, and the likeliest is the text."""

        async def check(model: LanguageModel) -> None:
            self._needs(model, Capability.LABEL_LOGPROBS)
            labels = (" film", " food")
            reply = await model.complete(ModelRequest(text="A movie is a", labels=labels, max_tokens=1))
            scores = {each: reply.label_logprobs.get(each, float("nan")) for each in labels}
            wrong = [each for each, score in scores.items() if not isfinite(score) or score > 0]
            expect(not wrong, f"The labels {wrong} have no log-probability: score every one of `request.labels`.")
            best = max(labels, key=lambda each: scores[each])
            expect(
                reply.text == best, f"The likeliest label is {best!r} and the text {reply.text!r}: let it be the text."
            )

        self._with_model(check)

    def test_a_stream_says_what_its_end_holds(self) -> None:
        """Pieces joined are the response at the end, which comes once and last."""

        async def check(model: LanguageModel) -> None:
            check_whole_stream(await self._pieces(model))

        self._with_model(check)

    def test_a_stream_equals_the_whole_reply(self) -> None:
        """Streaming changes how a reply comes, not what it says."""
        if not self.repeatable:
            raise NotApplicable("It does not promise the same reply twice.")

        async def check(model: LanguageModel) -> None:
            told = "".join(each.text for each in await self._pieces(model) if isinstance(each, TextDelta))
            whole = (await model.complete(self.request())).text
            expect(told == whole, f"Streamed, a reply was {told!r}, and whole {whole!r}.")

        self._with_model(check)

    def test_a_stream_can_be_left_early(self) -> None:
        """Leaving after the first piece ends the call, leaves nothing, and the next call is answered."""

        async def check(model: LanguageModel) -> None:
            self._needs(model, Capability.STREAM)
            await model.complete(self.request())
            streaming = cast("StreamingModel", model)
            async with leaving_nothing("A stream that was left"), streaming.stream(self.request()) as pieces:
                await anext(pieces)
            await model.complete(self.request())

        self._with_model(check)

    def _with_model(self, check: Callable[[LanguageModel], Awaitable[None]]) -> None:
        async def run() -> None:
            async with self.opened() as model:
                await check(model)

        self.on_every_loop(run)

    async def _pieces(self, model: LanguageModel) -> list[ModelDelta]:
        self._needs(model, Capability.STREAM)
        async with cast("StreamingModel", model).stream(self.request()) as pieces:
            return [each async for each in pieces]

    def _needs(self, model: LanguageModel, capability: Capability) -> None:
        if capability not in model.capabilities:
            raise NotApplicable(f"It does not claim the capability `{capability}`.")


def check_whole_stream(pieces: list[ModelDelta]) -> None:
    """Expect that the pieces of a reply are all there, and say what its end holds."""
    ends = [each for each in pieces if isinstance(each, ModelEnd)]
    expect(len(ends) == 1 and pieces[-1] is ends[0], f"A stream had {len(ends)} ends: send one ModelEnd, at last.")
    response = ends[0].response
    text = "".join(each.text for each in pieces if isinstance(each, TextDelta))
    expect(text == response.text, f"The pieces say {text!r} and the end {response.text!r}: let both say the same.")
    thought = "".join(each.text for each in pieces if isinstance(each, ReasoningDelta))
    expect(thought == response.reasoning, "The pieces think otherwise than the end tells: let both say the same.")
