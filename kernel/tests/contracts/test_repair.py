"""Repair, as a predictor meets it: one exchange, whatever was done to read its reply."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve, field, frozen

from elixirml.contracts import (
    Field,
    FormatCall,
    Message,
    ModelRequest,
    ModelResponse,
    Prediction,
    PredictorCall,
    Repair,
    RepairPolicy,
    Role,
    Signature,
    Usage,
)
from elixirml.contracts.repair import LOCAL, RESEND
from elixirml.errors import ModelError, ParseError
from elixirml.testing.models import ScriptedModel

pytestmark = pytest.mark.anyio

TASK = Signature("t", "", (), (Field("answer", str, {"type": "string"}),))


@frozen
class Marked:
    """A format whose replies begin with a mark."""

    mark: str = "!"
    suited: int = 1

    def suits(self, signature: Signature) -> int:
        _ = signature
        return self.suited

    def variables(self, signature: Signature) -> tuple[Any, ...]:
        _ = signature
        return ()

    def format(self, call: FormatCall) -> ModelRequest:
        said = "" if call.feedback is None else f" not {call.feedback.reply}: {call.feedback.message}"
        return ModelRequest(messages=(Message(Role.USER, f"{self.mark}{call.options}{said}"),))

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Any]:
        _ = options
        if not response.text.startswith(self.mark):
            raise ParseError(f"no {self.mark}", failure="malformed", reply=response.text)
        return {each.name: response.text.removeprefix(self.mark) for each in signature.outputs}

    def fit(self, *_: Any, options: Mapping[str, Any]) -> Mapping[str, Any]:
        return options


@frozen
class Twice(Marked):
    """The same, for a second request."""

    def follow(self, call: FormatCall, response: ModelResponse) -> ModelRequest | None:
        if not response.text:
            return None
        return evolve(self.format(call), messages=(Message(Role.USER, f"take {response.text}"),))


@frozen
class Asking:
    """A call, and what became known of it."""

    model: ScriptedModel
    repairs: list[Repair] = field(factory=list[Repair])

    def call(self, policy: RepairPolicy, *, adapter: Marked | None = None, **more: Any) -> PredictorCall:
        asked = FormatCall(TASK, {}, options={"own": 1}, temperature=0.5)
        given = {"repair": policy, "note": self.repairs.append, "stage": "s", **more}
        return PredictorCall(TASK, asked, adapter or Marked(), self.model.complete, **given)

    @property
    def asked(self) -> list[str]:
        return [each.messages[-1].content for each in self.model.requests]


def asking(*replies: str, **about: Any) -> Asking:
    """Return a call of a model that gives these replies."""
    return Asking(ScriptedModel(script=replies, **about))


async def test_a_reply_that_is_read_is_not_noted() -> None:
    """A policy costs nothing where it is not needed."""
    it = asking("!yes")

    assert (await it.call(RepairPolicy(RESEND)).exchange()).fields == {"answer": "yes"}
    assert (len(it.asked), it.repairs) == (1, [])


async def test_usage_and_exchanges_are_those_of_every_call() -> None:
    """Nothing that was paid for is left out."""
    it = asking("yes", "!yes")
    found = await it.call(RepairPolicy(RESEND)).exchange()

    assert [each.response.text for each in found.exchanges] == ["yes", "!yes"]
    assert found.usage == sum((each.response.usage for each in found.exchanges), Usage())
    assert it.asked[1].endswith("not yes: no !")


async def test_an_adapter_that_mends_nothing_says_so() -> None:
    """The error is as it was, with a note for who wonders."""
    it = asking("yes")
    with pytest.raises(ParseError, match="no !") as caught:
        await it.call(RepairPolicy(LOCAL)).exchange()

    assert "mends no replies" in caught.value.__notes__[0]
    assert [each.succeeded for each in it.repairs] == [False]


async def test_another_adapter_is_asked_with_its_own_options() -> None:
    """Those of the first one say nothing to it."""
    it = asking("yes", "?yes")
    policy = RepairPolicy("other", Marked("?"), {"its": 2})

    assert (await it.call(policy).exchange()).fields == {"answer": "yes"}
    assert it.asked == ["!{'own': 1}", "?{'its': 2}"]


@pytest.mark.parametrize("other", [None, Marked("?", suited=0)])
async def test_an_adapter_that_cannot_format_the_task_is_not_asked(other: Marked | None) -> None:
    """A strategy may ask for what the adapter of the policy cannot: then the reply is refused as it was."""
    it = asking("yes", "?yes")
    with pytest.raises(ParseError, match="no !") as caught:
        await it.call(RepairPolicy("other", other)).exchange()

    assert "cannot format this task" in caught.value.__notes__[0]
    assert len(it.asked) == 1


async def test_a_call_that_fails_in_a_repair_is_an_error_of_its_own() -> None:
    """It is not taken for a reply that cannot be read, and it knows why the call was made."""
    it = asking("yes")

    async def ask(request: ModelRequest) -> ModelResponse:
        if it.model.requests:
            raise ModelError("gone")
        return await it.model.complete(request)

    with pytest.raises(ModelError, match="gone") as caught:
        await evolve(it.call(RepairPolicy(RESEND)), ask=ask).exchange()

    assert caught.value.__notes__ == ["The reply before it was refused (malformed): no !"]
    assert [each.succeeded for each in it.repairs] == [False]


async def test_declared_types_are_checked_where_all_declared_fields_were_asked_for() -> None:
    """A strategy's own questions have other fields, of which the declaration says nothing."""
    it = asking("!no", "!yes")

    def check(found: Prediction) -> None:
        if found.fields["answer"] != "yes":
            raise ParseError("not yes", failure="wrong_type")

    call = it.call(RepairPolicy(RESEND), check=check)
    other = evolve(TASK, outputs=(Field("step", str, {"type": "string"}),))

    assert (await call.exchange()).fields == {"answer": "yes"}
    assert (await call.exchange(other)).fields == {"step": "yes"}
    assert it.asked[1].endswith("not !no: not yes")


async def test_of_two_requests_the_second_is_read_and_asked_again() -> None:
    """What was said to the first stays said."""
    it = asking("hm", "yes", "!yes")
    found = await it.call(RepairPolicy(RESEND), adapter=Twice()).exchange()

    assert found.fields == {"answer": "yes"}
    assert it.asked == ["!{'own': 1}", "take hm", "take hm"]
    assert len(found.exchanges) == 3


async def test_a_first_request_that_nothing_follows_is_asked_again_whole() -> None:
    """Where its reply was no answer, both are asked."""
    it = asking("", "hm", "!yes")

    assert (await it.call(RepairPolicy(RESEND), adapter=Twice()).exchange()).fields == {"answer": "yes"}
    assert it.asked == ["!{'own': 1}", "!{'own': 1} not : no !", "take hm"]


def test_a_repair_reads_as_a_sentence() -> None:
    """For the command line and for logs."""
    repair = Repair("s", "local", "wrong_type", ("n",), "no number.", ("3 was taken from '3 kg'",), succeeded=True)

    assert (
        str(repair) == "s: a reply was refused (wrong_type: no number.) and repaired (local: 3 was taken from '3 kg')"
    )
    assert str(evolve(repair, changes=(), succeeded=False)).endswith("and not repaired (local)")
