"""Every rule of adapters is failed by an adapter that breaks it, and by it alone."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from attrs import evolve

from elixirml.contracts import (
    Demo,
    FieldDelta,
    FormatCall,
    Mended,
    Message,
    ModelRequest,
    ModelResponse,
    Role,
    Signature,
)
from elixirml.errors import ParseError
from elixirml.testing.conformance.adapter import AdapterConformance
from elixirml.testing.conformance.suites import suite_of
from elixirml.variables import Choice, Fitted


class Lines:
    """An adapter as it should be: one line `name=value` a field, values as JSON but for texts."""

    signs = ("=", ": ")

    def suits(self, signature: Signature) -> Any:
        return 10

    def variables(self, signature: Signature) -> Any:
        return (Choice("sign", default="=", options=self.signs), Fitted("bias"))

    def sign(self, options: Mapping[str, Any]) -> str:
        return str(options.get("sign", "="))

    def lines(self, values: Mapping[str, Any], sign: str) -> str:
        return "\n".join(
            f"{name}{sign}{value if isinstance(value, str) else json.dumps(value)}" for name, value in values.items()
        )

    def front(self, call: FormatCall) -> list[Message]:
        sign = self.sign(call.options)
        names = "\n".join(f"{each.name}{sign}..." for each in call.signature.outputs)
        asked = [Message(Role.SYSTEM, f"{call.signature.instruction}\nReply with these lines:\n{names}")]
        for demo in self.demos(call):
            asked.append(Message(Role.USER, self.lines(demo.inputs, sign)))
            asked.append(Message(Role.ASSISTANT, self.lines(demo.outputs, sign)))
        return asked

    def demos(self, call: FormatCall) -> Sequence[Demo]:
        return call.demos

    def example(self, call: FormatCall) -> str:
        said = call.feedback
        note = f"\nRefused: {json.dumps(said.reply)}, since {said.message}" if said else ""
        return self.lines(call.values, self.sign(call.options)) + note

    def format(self, call: FormatCall) -> Any:
        front = self.front(call)
        return ModelRequest(
            messages=(*front, Message(Role.USER, self.example(call))),
            stable=len(front),
            max_tokens=call.max_tokens,
            temperature=call.temperature,
            json_mode=False,
        )

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Any]:
        found = dict(
            line.split(self.sign(options), 1) for line in response.text.split("\n") if self.sign(options) in line
        )
        return {each.name: self.value(each, found, response.text) for each in signature.outputs}

    def value(self, field: Any, found: Mapping[str, str], reply: str) -> Any:
        if field.name not in found:
            raise self.refusal(f"{field.name} is missing", reply)
        text = found[field.name]
        if field.choices and text not in field.choices:
            raise self.refusal(f"{field.name} is no choice", reply)
        if field.schema["type"] == "string":
            return text
        try:
            return int(text)
        except ValueError:
            raise self.refusal(f"{field.name} is no number", reply) from None

    def refusal(self, message: str, reply: str) -> ParseError:
        return ParseError(message, failure="missing_field", reply=reply)

    def fit(self, signature: Signature, observations: Any, *, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"bias": 0.5} if observations else {}

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> Any:
        return Reader({each.name for each in signature.outputs}, self.sign(options))


class Reader:
    """Tells of each field when its line has ended."""

    def __init__(self, names: set[str], sign: str) -> None:
        self.names, self.sign, self.text = names, sign, ""
        self.told: set[str] = set()

    def feed(self, text: str) -> list[FieldDelta]:
        *lines, self.text = (self.text + text).split("\n")
        return [delta for line in lines for delta in self.tell(line)]

    def tell(self, line: str) -> list[FieldDelta]:
        name, _, value = line.partition(self.sign)
        if name not in self.names or name in self.told:
            return []
        self.told.add(name)
        return [FieldDelta(name, value, last=True)]

    def close(self) -> list[FieldDelta]:
        return self.tell(self.text)


class Full(Lines):
    """One that keeps the optional contracts too: it mends stray signs, and asks twice."""

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Any:
        printed = "".join(each for each in response.text if each.isprintable() or each == "\n")
        return Mended(self.parse(signature, ModelResponse(printed), options=options), ("stray signs were left out",))

    def follow(self, call: FormatCall, response: ModelResponse) -> Any:
        return self.format(evolve(call, values={"said": response.text})) if response.text else None


class Secretive(Full):
    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Any:
        return Mended({each.name: each.choices[0] if each.choices else 0 for each in signature.outputs}, ())


class Half(Full):
    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Any:
        return Mended({}, ("everything was left out",))


class Forgetful(Full):
    def follow(self, call: FormatCall, response: ModelResponse) -> Any:
        return self.format(call) if response.text else None


class Insistent(Full):
    def follow(self, call: FormatCall, response: ModelResponse) -> Any:
        return self.format(evolve(call, values={"said": response.text}))


class Vain(Lines):
    def suits(self, signature: Signature) -> Any:
        return 101


class TwiceNamed(Lines):
    def variables(self, signature: Signature) -> Any:
        return (*super().variables(signature), Fitted("lines.bias"))


class Moody(Lines):
    formatted = 0

    def format(self, call: FormatCall) -> Any:
        self.formatted += 1
        return evolve(super().format(call), seed=self.formatted)


class Deaf(Lines):
    def format(self, call: FormatCall) -> Any:
        return super().format(evolve(call, signature=call.signature.with_instruction("Reply.")))


class ExampleFirst(Lines):
    def format(self, call: FormatCall) -> Any:
        asked = super().format(call)
        if not call.demos:
            return asked
        first, *others, last = asked.messages
        return evolve(asked, messages=(first, last, *others), stable=1)


class DemosLost(Lines):
    def demos(self, call: FormatCall) -> Sequence[Demo]:
        return call.demos[:1]


class DemosTurned(Lines):
    def demos(self, call: FormatCall) -> Sequence[Demo]:
        return call.demos[::-1]


class Unstable(Lines):
    def format(self, call: FormatCall) -> Any:
        asked = super().format(call)
        return evolve(asked, stable=len(asked.messages))


class Unrepentant(Lines):
    def example(self, call: FormatCall) -> str:
        return super().example(evolve(call, feedback=None))


class Unlimited(Lines):
    def format(self, call: FormatCall) -> Any:
        return evolve(super().format(call), max_tokens=256)


class Demanding(Lines):
    def format(self, call: FormatCall) -> Any:
        return evolve(super().format(call), json_mode=True)


class OneSetting(Lines):
    def sign(self, options: Mapping[str, Any]) -> str:
        return super().sign(options)

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Any]:
        return super().parse(signature, response, options={"sign": "="})


class Misreading(Lines):
    """Counts wrong, but for what its rules of settings and streams look at."""

    def value(self, field: Any, found: Mapping[str, str], reply: str) -> Any:
        value = super().value(field, found, reply)
        return value + 1 if value == 2 else value


class Crashing(Lines):
    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Any]:
        if "\x00" in response.text:
            raise IndexError
        return super().parse(signature, response, options=options)


class Guessing(Lines):
    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return super().parse(signature, response, options=options)
        except ParseError:
            if not response.text:
                return {}
            raise


class Silent(Lines):
    def refusal(self, message: str, reply: str) -> ParseError:
        return ParseError(message, failure="", reply=reply)


class Elsewhere(Lines):
    def refusal(self, message: str, reply: str) -> ParseError:
        return ParseError(message, failure="missing_field", reply="something else")


class Overfit(Lines):
    def fit(self, signature: Signature, observations: Any, *, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"sign": ": "}


def reading(reader: type[Reader]) -> type[Lines]:
    """Return the adapter with another reader of streams."""

    class Streaming(Lines):
        def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> Any:
            return reader({each.name for each in signature.outputs}, self.sign(options))

    return Streaming


class ByPiece(Reader):
    def feed(self, text: str) -> list[FieldDelta]:
        found = super().feed(text)
        return [
            evolve(each, text=each.text + ("!" if each.field == "count" and len(text) > 1 else "")) for each in found
        ]


class Quoting(Reader):
    def tell(self, line: str) -> list[FieldDelta]:
        return [evolve(each, text=f'"{each.text}"') for each in super().tell(line)]


class Endless(Reader):
    def tell(self, line: str) -> list[FieldDelta]:
        return [evolve(each, last=False) for each in super().tell(line)]


class Raising(Reader):
    def close(self) -> list[FieldDelta]:
        if self.text.endswith("\x01"):
            raise ValueError("the reply is not whole")
        return super().close()


def suite(adapter: Any) -> Any:
    return suite_of("adapters", adapter)


RIGHT = suite(Full)
WRONG = {
    "test_it_says_how_well_it_suits": suite(Vain),
    "test_variables_have_unique_short_names_and_valid_defaults": suite(TwiceNamed),
    "test_formatting_depends_on_the_call_alone": suite(Moody),
    "test_the_instruction_is_shown": suite(Deaf),
    "test_the_example_comes_last": suite(ExampleFirst),
    "test_demos_are_shown": suite(DemosLost),
    "test_the_stable_front_is_the_same_for_every_example": suite(Unstable),
    "test_feedback_is_shown": suite(Unrepentant),
    "test_limits_are_passed_on": suite(Unlimited),
    "test_only_what_the_model_can_do_is_asked_for": suite(Demanding),
    "test_every_setting_can_be_used": suite(OneSetting),
    "test_a_right_reply_is_read": suite(Misreading),
    "test_junk_is_a_parse_error": suite(Crashing),
    "test_a_reply_is_read_whole_or_not_at_all": suite(Guessing),
    "test_a_parse_error_tells_the_reply_and_the_reason": suite(Silent),
    "test_a_repair_says_what_it_changed": suite(Secretive),
    "test_what_follows_shows_the_first_reply": suite(Forgetful),
    "test_fitting_gives_values_of_fitted_variables": suite(Overfit),
    "test_a_stream_tells_the_same_however_it_is_cut": suite(reading(ByPiece)),
    "test_a_stream_tells_what_is_parsed": suite(reading(Quoting)),
    "test_a_stream_ends_each_field_once": suite(reading(Endless)),
    "test_a_stream_parser_never_raises": suite(reading(Raising)),
}
MORE = [
    ("test_demos_are_shown", suite(DemosTurned)),
    ("test_a_parse_error_tells_the_reply_and_the_reason", suite(Elsewhere)),
    ("test_a_repair_says_what_it_changed", suite(Half)),
    ("test_what_follows_shows_the_first_reply", suite(Insistent)),
]


@pytest.mark.parametrize(("rule", "wrong"), MORE, ids=["turned", "elsewhere", "half", "insistent"])
def test_a_rule_sees_every_way_of_breaking_it(rule: str, wrong: Any, judge: Any) -> None:
    """Some promises can be broken in several ways."""
    judge.fails_alone(wrong, rule)


def test_an_adapter_without_streams_passes(judge: Any) -> None:
    """Streaming is no duty: its rules are left out, and the author is told why."""

    class Bare:
        suits, variables, format, parse, fit = (
            lambda self, *a, _n=name, **k: getattr(Lines(), _n)(*a, **k)
            for name in ("suits", "variables", "format", "parse", "fit")
        )

    assert judge.failing(suite(Bare)) == {}


def test_a_right_adapter_passes(judge: Any) -> None:
    """Every rule is tried on a right adapter, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_adapter(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, AdapterConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_adapter_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
