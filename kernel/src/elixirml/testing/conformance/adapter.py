"""What every adapter promises: a prompt format that can be written, tuned, and read back without a guess."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from random import Random
from typing import Any, Final

from attrs import evolve

from elixirml.contracts.adapter import (
    Adapter,
    Demo,
    Feedback,
    FollowingAdapter,
    FormatCall,
    Observation,
    RepairingAdapter,
    StreamingAdapter,
)
from elixirml.contracts.language_model import Capability, ModelRequest, ModelResponse
from elixirml.contracts.messages import Role
from elixirml.contracts.signature import Signature
from elixirml.contracts.stream import CallStreamParser, FieldDelta, ToolCallDelta
from elixirml.errors import ConfigError, ParseError
from elixirml.identity import Json
from elixirml.testing.conformance.junk import for_all_texts, junk
from elixirml.testing.conformance.material import CHOICE_TASK, RICH_TASK, TEXT_TASK, inputs_of, outputs_of
from elixirml.testing.conformance.suite import Conformance, NotApplicable, expect
from elixirml.testing.conformance.variables import check_variables, default_options, sampled_options
from elixirml.variables import Fitted

__all__ = ["AdapterConformance", "shown"]

_ALL: Final = frozenset(Capability)
_BEYOND_CHAT: Final = {
    Capability.TEXT: "text",
    Capability.GRAMMAR: "grammar",
    Capability.JSON_SCHEMA: "json_schema",
    Capability.LABEL_LOGPROBS: "labels",
    Capability.TOOLS: "tools",
    Capability.JSON_MODE: "json_mode",
}


class AdapterConformance(Conformance[Adapter]):
    r"""What is promised by `elixirml.contracts.Adapter`, and by the optional contracts of adapters where it keeps them.

    These are `StreamingAdapter`, `RepairingAdapter` and `FollowingAdapter`; of the last it is the reply to the second
    request that is parsed, and read as it arrives.

    Example:
        >>> class TestLines(AdapterConformance):
        ...     def subject(self):
        ...         return LinesAdapter()
        ...
        ...     def reply_for(self, fields, *, options):
        ...         return "\n".join(f"{name}={value}" for name, value in fields.items())

    .. versionadded:: 0.1
    """

    def signature(self) -> Signature:
        """Return a task of text inputs that the format suits; override it for formats made for other tasks."""
        adapter = self.subject()
        suited = [each for each in (RICH_TASK, CHOICE_TASK, TEXT_TASK) if adapter.suits(each) > 0]
        if not suited:
            raise NotApplicable("The format suits none of the usual tasks: let `signature` return one that it suits.")
        return suited[0]

    def reply_for(self, fields: Mapping[str, Json], *, options: Mapping[str, Any]) -> ModelResponse | str:
        """Return how a model should reply to say these fields; by default, as the format itself shows demos.

        Args:
            fields: Values of every output.
            options: Values of the adapter's variables.
        """
        adapter, signature = self.subject(), self.signature()
        demo = Demo(inputs_of(signature, 1), fields)
        for each in (options, *_varied(adapter, signature, options)):
            asked = self._asked(self._call(demos=(demo,), options=each))
            if asked.labels:
                return _scored(asked, str(next(iter(fields.values()))))
            replies = [message for message in asked.messages if message.role is Role.ASSISTANT]
            if replies:
                return ModelResponse(replies[-1].content, tool_calls=replies[-1].tool_calls)
        if len(fields) == 1:
            return str(next(iter(fields.values())))
        raise NotApplicable("How a model should reply is not shown by a demo: let `reply_for` return it.")

    def test_it_says_how_well_it_suits(self) -> None:
        """`suits` is a whole number from 0 to 100, and above 0 for the task that is tried."""
        adapter = self.subject()
        for each in (RICH_TASK, CHOICE_TASK, TEXT_TASK, self.signature()):
            mark: object = adapter.suits(each)
            expect(
                isinstance(mark, int) and not isinstance(mark, bool) and 0 <= mark <= 100,
                f"`suits` returned {mark!r}: return a whole number, 0 for cannot, 100 for made for it.",
            )
        expect(adapter.suits(self.signature()) > 0, "`suits` returned 0 for a task it is tried on: return more.")

    def test_variables_have_unique_short_names_and_valid_defaults(self) -> None:
        """What may be tuned can be put under the stage's path as it is."""
        check_variables(self.subject().variables(self.signature()))

    def test_formatting_depends_on_the_call_alone(self) -> None:
        """The same call gives the same request, from any instance, however often."""
        one = self.subject()
        first, again, other = one.format(self._call()), one.format(self._call()), self.subject().format(self._call())
        expect(first == again == other, "The same call gave two requests: keep no state, clock or chance in `format`.")

    def test_the_instruction_is_shown(self) -> None:
        """The instruction of the call's signature, which may have been tuned, is in the prompt."""
        task = self.signature().with_instruction("Behave like sealion42.")
        asked = shown(self.subject().format(evolve(self._call(), signature=task)))
        expect("sealion42" in asked, "The instruction is not in the prompt: show `call.signature.instruction`.")

    def test_the_example_comes_last(self) -> None:
        """Instruction and demos stand before the example."""
        asked = shown(self.subject().format(self._call(7, demos=self._demos())))
        at = _found(asked, self._words(7))
        expect(at >= 0, "The values of the inputs are not in the prompt: show `call.values`.")
        later = [word for demo in (1, 2) for word in self._words(demo) if asked.rfind(word) > at]
        expect(not later, f"Demo words ({', '.join(later)}) stand after the example: put the example last.")

    def test_demos_are_shown(self) -> None:
        """Every worked example of the call is in the prompt, in the order given."""
        asked = shown(self.subject().format(self._call(7, demos=self._demos())))
        first, second = _found(asked, self._words(1)), _found(asked, self._words(2))
        expect(first >= 0 and second >= 0, "A demo is not in the prompt: show all of `call.demos`.")
        expect(first < second, "Demos are shown in another order: keep the order of `call.demos`.")

    def test_the_stable_front_is_the_same_for_every_example(self) -> None:
        """What `stable` counts is equal to the byte for all examples, retried ones too, so that prefix caches hold."""
        adapter = self.subject()
        one = adapter.format(self._call(7, demos=self._demos()))
        other = adapter.format(self._call(8, demos=self._demos(), feedback=Feedback("seagull8", "walrus9")))
        size = len(one.messages if one.text is None else one.text)
        expect(
            0 <= one.stable <= size and one.stable == other.stable,
            f"`stable` is {one.stable} for one example, {other.stable} for another, of {size}: count what both share.",
        )
        expect(
            _front(one) == _front(other),
            "The stable front differs between examples: count only messages (or signs of `text`) before the example.",
        )

    def test_feedback_is_shown(self) -> None:
        """On a retry the model sees what it had replied and why that was refused."""
        asked = self.subject().format(self._call(feedback=Feedback("seagull8", "walrus9")))
        words = [each for each in ("seagull8", "walrus9") if each not in shown(asked)]
        expect(not words, "The feedback is not in the prompt: show reply and message of `call.feedback`.")

    def test_limits_are_passed_on(self) -> None:
        """The request carries the call's temperature and limit on tokens, unless it writes no text at all."""
        asked = self.subject().format(evolve(self._call(), temperature=0.75, max_tokens=77))
        expect(
            asked.labels or (asked.temperature, asked.max_tokens) == (0.75, 77),
            f"The request has temperature {asked.temperature} and max_tokens {asked.max_tokens}: pass on the call's.",
        )

    def test_only_what_the_model_can_do_is_asked_for(self) -> None:
        """A model that can only chat is sent a chat, or the settings are refused with a `ConfigError`."""
        adapter = self.subject()
        for options in self._all_options():
            try:
                asked = adapter.format(evolve(self._call(options=options), capabilities=frozenset[Capability]()))
            except ConfigError:
                continue
            beyond = [name for name in _BEYOND_CHAT.values() if getattr(asked, name)]
            expect(
                not beyond,
                f"With {dict(options)} a model without such a capability is sent {', '.join(beyond)}: look at "
                "`call.capabilities`, and do without or raise a ConfigError.",
            )

    def test_every_setting_can_be_used(self) -> None:
        """Whatever an optimizer chooses for the variables, a right reply is read."""
        adapter, fields = self.subject(), outputs_of(self.signature(), 3)
        for options in self._all_options():
            asked = adapter.format(self._call(options=options))
            expect(isinstance(asked, ModelRequest), f"`format` returned {asked!r}: return a ModelRequest.")
            self._check_round_trip(fields, options)

    def test_a_right_reply_is_read(self) -> None:
        """Parsing what the format asks for gives the values back."""
        options = self._options()
        for number in range(4):
            self._check_round_trip(outputs_of(self.signature(), number), options)

    def test_junk_is_a_parse_error(self) -> None:
        """Whatever a model replies, nothing but a `ParseError` is raised."""
        adapter, signature, options = self.subject(), self.signature(), self._options()

        def check(text: str) -> None:
            try:
                adapter.parse(signature, ModelResponse(text), options=options)
            except ParseError:
                return
            except Exception as error:
                raise AssertionError(
                    f"The reply {text[:80]!r} made `parse` raise {type(error).__name__}: {error}: raise a ParseError."
                ) from error

        for_all_texts(check, good=self._good_text())

    def test_a_reply_is_read_whole_or_not_at_all(self) -> None:
        """What is parsed holds every required output and no other field: nothing is guessed or added."""
        signature = self.signature()
        names = {each.name for each in signature.outputs}
        required = {each.name for each in signature.outputs if each.required}
        for _, fields in self._parsed(junk(self._good_text())):
            if fields is not None:
                missing = ", ".join(sorted(required - fields.keys()))
                expect(not missing, f"`parse` left out {missing}: raise a ParseError for what is missing.")
                more = ", ".join(sorted(fields.keys() - names))
                expect(not more, f"`parse` returned {more}, which are no outputs: leave them out.")

    def test_a_parse_error_tells_the_reply_and_the_reason(self) -> None:
        """The error holds a stable code of the failure and the reply, for repair and for reports."""
        for text, error in self._refused(junk(self._good_text())):
            expect(
                error.failure, f"A ParseError has no `failure`: give a code such as 'missing_field' ({text[:60]!r})."
            )
            expect(
                error.reply in text or text in error.reply,
                f"A ParseError holds {error.reply[:60]!r} as the reply to {text[:60]!r}: pass on `response.text`.",
            )

    def test_a_repair_says_what_it_changed(self) -> None:
        """A refused reply is mended whole, in words that say how, or refused again with a `ParseError`."""
        adapter, signature, options = self.subject(), self.signature(), self._options()
        if not isinstance(adapter, RepairingAdapter):
            raise NotApplicable("It is no RepairingAdapter: `repair = local` raises the error as it is.")
        names = {each.name for each in signature.outputs}
        required = {each.name for each in signature.outputs if each.required}
        for text, error in self._refused(junk(self._good_text())):
            try:
                mended = adapter.repair(signature, ModelResponse(text), error, options=options)
            except ParseError:
                continue
            except Exception as failure:
                raise AssertionError(
                    f"The reply {text[:80]!r} made `repair` raise {type(failure).__name__}: raise a ParseError."
                ) from failure
            expect(any(mended.changes), f"`repair` does not say what it changed in {text[:60]!r}: fill `changes`.")
            expect(
                required <= mended.fields.keys() <= names,
                f"`repair` returned {', '.join(sorted(mended.fields))}: return the outputs, whole.",
            )

    def test_what_follows_shows_the_first_reply(self) -> None:
        """The second request holds what was replied to the first, asks for nothing a model cannot do, and is stable."""
        adapter = self.subject()
        if not isinstance(adapter, FollowingAdapter):
            raise NotApplicable("It is no FollowingAdapter: it asks once.")
        call = evolve(self._call(), capabilities=frozenset[Capability]())
        asked = adapter.follow(call, ModelResponse("I saw a walrus9."))
        expect(asked == adapter.follow(call, ModelResponse("I saw a walrus9.")), "The same reply gave two requests.")
        if asked is None:
            raise NotApplicable("It reads any reply without a second request.")
        expect(
            "walrus9" in shown(asked), "The second request does not show the reply to the first: show `response.text`."
        )
        beyond = [name for name in _BEYOND_CHAT.values() if getattr(asked, name)]
        expect(
            not beyond, f"A model without such a capability is sent {', '.join(beyond)}: look at `call.capabilities`."
        )
        expect(
            adapter.follow(call, ModelResponse("")) is None,
            "An empty reply was followed by a request: return None, and let `parse` say what is wrong.",
        )

    def test_fitting_gives_values_of_fitted_variables(self) -> None:
        """`fit` names fitted variables of the adapter and nothing else, also with nothing to go by."""
        adapter, signature, options = self.subject(), self.signature(), self._options()
        known = {each.name for each in adapter.variables(signature) if isinstance(each, Fitted)}
        fields = outputs_of(signature, 1)
        for seen in ([], [Observation(self._reply(fields, options), fields), Observation(ModelResponse("?"))]):
            other = sorted(set(adapter.fit(signature, seen, options=options)) - known)
            expect(not other, f"`fit` returned {', '.join(other)}: return values of `Fitted` variables alone.")

    def test_a_stream_tells_the_same_however_it_is_cut(self) -> None:
        """Joined pieces of each field do not depend on where the reply was cut."""
        texts = [self._good_text(), *list(junk(self._good_text()))[::6]]
        for text in texts:
            whole = _joined(self._streamed([text]))
            for cut in _cuttings(text):
                told = _joined(self._streamed(cut))
                expect(told == whole, f"Cut as {cut[:8]!r}, a reply told {told!r}, and in one piece {whole!r}.")

    def test_a_stream_tells_what_is_parsed(self) -> None:
        """The joined pieces of a text field are its parsed value, without anything of the format."""
        good = self._good_text()
        told = _joined(self._streamed(list(good)))
        parsed = self.subject().parse(self.signature(), ModelResponse(good), options=self._options())
        for name, value in parsed.items():
            if isinstance(value, str):
                expect(told.get(name) == value, f"`{name}` was streamed as {told.get(name)!r} and parsed as {value!r}.")

    def test_a_stream_ends_each_field_once(self) -> None:
        """Every field of a whole reply gets one last piece, and none after it."""
        for pieces in ([self._good_text()], list(self._good_text())):
            over: list[str] = []
            for delta in self._streamed(pieces):
                expect(
                    delta.field not in over, f"`{delta.field}` was told after its last piece: send `last` at its end."
                )
                over += [delta.field] if delta.last else []
            left = [each.name for each in self.signature().outputs if each.name not in over]
            expect(not left, f"{', '.join(left)} had no last piece: send one with `last=True` when the field ends.")

    def test_a_stream_parser_never_raises(self) -> None:
        """Judging a reply is for `parse`; the stream parser tells what it can, of any text."""
        self._streamed([self._good_text()])

        def check(text: str) -> None:
            try:
                self._streamed([text[:3], text[3:]])
            except Exception as error:
                raise AssertionError(
                    f"The stream parser raised {type(error).__name__} on {text[:80]!r}: tell what can be read."
                ) from error

        for_all_texts(check, good=self._good_text())

    def _call(
        self,
        number: int = 0,
        *,
        demos: tuple[Demo, ...] = (),
        options: Mapping[str, Any] | None = None,
        feedback: Feedback | None = None,
    ) -> FormatCall:
        signature = self.signature()
        return FormatCall(
            signature,
            inputs_of(signature, number),
            demos=demos,
            options=self._options() if options is None else options,
            capabilities=_ALL,
            feedback=feedback,
        )

    def _options(self) -> dict[str, Any]:
        return default_options(self.subject().variables(self.signature()))

    def _all_options(self) -> Iterator[Mapping[str, Any]]:
        return sampled_options(self.subject().variables(self.signature()))

    def _demos(self) -> tuple[Demo, ...]:
        signature = self.signature()
        return tuple(Demo(inputs_of(signature, number), outputs_of(signature, number)) for number in (1, 2))

    def _words(self, number: int) -> list[str]:
        """Return the word that only the inputs of one number hold."""
        return [f"harbour{number}"]

    def _reply(self, fields: Mapping[str, Json], options: Mapping[str, Any]) -> ModelResponse:
        reply = self.reply_for(fields, options=options)
        return ModelResponse(reply) if isinstance(reply, str) else reply

    def _good_text(self) -> str:
        reply = self._reply(outputs_of(self.signature(), 1), self._options())
        return reply.text or "".join(each.arguments for each in reply.tool_calls)

    def _check_round_trip(self, fields: Mapping[str, Json], options: Mapping[str, Any]) -> None:
        reply = self._reply(fields, options)
        try:
            read = self.subject().parse(self.signature(), reply, options=options)
        except ParseError as error:
            raise AssertionError(f"With {dict(options)} the reply {reply.text!r} was refused: {error}") from error
        expect(read == dict(fields), f"With {dict(options)} the reply {reply.text!r} was read as {read}, not {fields}.")

    def _parsed(self, texts: Iterator[str]) -> Iterator[tuple[str, dict[str, Json] | None]]:
        """Yield each text with its fields, None where it was refused; other faults are another rule's matter."""
        adapter, signature, options = self.subject(), self.signature(), self._options()
        for text in texts:
            try:
                fields = adapter.parse(signature, ModelResponse(text), options=options)
            except Exception:  # noqa: BLE001, S112
                continue
            yield text, fields

    def _refused(self, texts: Iterator[str]) -> Iterator[tuple[str, ParseError]]:
        adapter, signature, options = self.subject(), self.signature(), self._options()
        for text in texts:
            try:
                adapter.parse(signature, ModelResponse(text), options=options)
            except ParseError as error:
                yield text, error
            except Exception:  # noqa: BLE001, S112
                continue

    def _streamed(self, pieces: list[str]) -> list[FieldDelta]:
        adapter = self.subject()
        if not isinstance(adapter, StreamingAdapter):
            raise NotApplicable("It is no StreamingAdapter: its fields are told of when the reply has ended.")
        parser = adapter.stream_parser(self.signature(), options=self._options())
        calls = self._reply(outputs_of(self.signature(), 1), self._options()).tool_calls
        if not calls:
            return [*(delta for piece in pieces for delta in parser.feed(piece)), *parser.close()]
        if not isinstance(parser, CallStreamParser):
            raise NotApplicable("Its replies are tool calls, which are told of when they have ended.")
        parts = [ToolCallDelta(0, calls[0].id, calls[0].name), *(ToolCallDelta(0, arguments=each) for each in pieces)]
        return [*(delta for part in parts for delta in parser.feed_call(part)), *parser.close()]

    def _asked(self, call: FormatCall) -> ModelRequest:
        """Return the request whose reply is parsed."""
        adapter = self.subject()
        following = adapter.follow(call, ModelResponse("Seen.")) if isinstance(adapter, FollowingAdapter) else None
        return adapter.format(call) if following is None else following


def shown(request: ModelRequest) -> str:
    """Return everything a model reads of a request, in order."""
    if request.text is not None:
        return request.text
    parts = [[each.content, *(call.arguments for call in each.tool_calls)] for each in request.messages]
    return "\n".join(text for part in parts for text in part)


def _found(text: str, words: list[str]) -> int:
    """Return where the last of the words stands for the last time; -1 when one is absent."""
    places = [text.rfind(word) for word in words]
    return -1 if min(places) < 0 else max(places)


def _front(request: ModelRequest) -> object:
    return request.messages[: request.stable] if request.text is None else request.text[: request.stable]


def _varied(adapter: Adapter, signature: Signature, options: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the options with one of them changed."""
    for each in adapter.variables(signature):
        if each.name in options:
            for value in each.neighbours(options[each.name], rng=Random(0)):
                yield {**options, each.name: value}


def _scored(request: ModelRequest, label: str) -> ModelResponse:
    """Return a reply to scored labels in which one of them is by far the likeliest."""
    chosen = next((each for each in request.labels if each.strip() == label), request.labels[0])
    scores = {each: -0.1 if each == chosen else -5.0 for each in (*request.labels, *request.probes)}
    return ModelResponse(chosen, label_logprobs=scores)


def _joined(deltas: list[FieldDelta]) -> dict[str, str]:
    told: dict[str, str] = {}
    for each in deltas:
        told[each.field] = told.get(each.field, "") + each.text
    return told


def _cuttings(text: str) -> Iterator[list[str]]:
    yield list(text)
    rng = Random(len(text))
    for _ in range(4):
        places = [0, *sorted(rng.randint(0, len(text)) for _ in range(6)), len(text)]
        yield [text[start:end] for start, end in pairwise(places)]
