"""What an adapter is: a prompt format, both ways.

Adapters are contributed through `elixirml.hookspecs.register_adapters`. They hold no state and make no call: they turn
a signature and values into a request, and a response into fields. Everything about them that may be tuned (layout,
wording, decoding, calibration) is a Variable they declare.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from attrs import field, frozen

from elixirml.contracts.language_model import Capability, ModelRequest, ModelResponse
from elixirml.contracts.signature import Signature
from elixirml.contracts.stream import StreamParser
from elixirml.errors import ParseError
from elixirml.identity import Json
from elixirml.variables import Variable

__all__ = [
    "FREE_OF_CALLS",
    "Adapter",
    "Demo",
    "Feedback",
    "FollowingAdapter",
    "FormatCall",
    "Mended",
    "Observation",
    "RepairingAdapter",
    "StreamingAdapter",
]

#: The hint of a variable that changes how a reply is read but never the request: a journal answers for nothing.
FREE_OF_CALLS = "free-of-calls"


@frozen
class Demo:
    """A worked example shown to the model.

    Attributes:
        inputs: Values of the signature's inputs; absent ones are left out of the prompt.
        outputs: Values of its outputs.
    """

    inputs: Mapping[str, Any] = field(hash=False)
    outputs: Mapping[str, Any] = field(hash=False)


@frozen
class Feedback:
    """Why the last reply was refused; shown to the model as quoted data."""

    reply: str
    message: str


@frozen
class FormatCall:
    """What an adapter turns into one request.

    Attributes:
        signature: The task; its instruction is the one to show.
        values: Plain values of the inputs.
        demos: Worked examples, in the order to show them.
        options: Values of the adapter's own variables, by their short names.
        capabilities: What the model can do.
        temperature: As declared.
        max_tokens: The most tokens to write.
        feedback: Why the last reply was refused, on a retry.
    """

    signature: Signature
    values: Mapping[str, Any] = field(hash=False)
    demos: tuple[Demo, ...] = ()
    options: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)
    capabilities: frozenset[Capability] = frozenset()
    temperature: float = 0.0
    max_tokens: int = 256
    feedback: Feedback | None = None


@frozen
class Observation:
    """One reply seen while a candidate was evaluated, for variables that are fitted rather than searched.

    Attributes:
        response: As the model gave it.
        expected: The outputs it should have held, where they are known.
    """

    response: ModelResponse
    expected: Mapping[str, Any] | None = field(default=None, hash=False)


@frozen
class Mended:
    """What a reply holds once it has been mended.

    Attributes:
        fields: Plain values of the output fields.
        changes: What was changed to read them, in words; never empty.

    .. versionadded:: 0.1
    """

    fields: Mapping[str, Json] = field(hash=False)
    changes: tuple[str, ...]


class Adapter(Protocol):
    """A prompt format."""

    def suits(self, signature: Signature) -> int:
        """Return how well the format suits a signature: 0 cannot, 100 was made for it.

        The adapter that suits best is a stage's default.
        """
        ...

    def variables(self, signature: Signature) -> tuple[Variable, ...]:
        """Return what may be tuned, by short names; they become `<stage>.<adapter>.<name>` in the space."""
        ...

    def format(self, call: FormatCall) -> ModelRequest:
        """Return the request; instruction and demos first, the example last, so that prefix caches hold."""
        ...

    def parse(self, signature: Signature, response: ModelResponse, *, options: Mapping[str, Any]) -> dict[str, Json]:
        """Return plain values of the output fields.

        Raises:
            ParseError: With the field, the reason and the reply; never a guess.
        """
        ...

    def fit(
        self, signature: Signature, observations: Sequence[Observation], *, options: Mapping[str, Any]
    ) -> Mapping[str, Json]:
        """Return values for the adapter's `Fitted` variables, by short names; empty when there is nothing to fit."""
        ...


@runtime_checkable
class StreamingAdapter(Adapter, Protocol):
    """A prompt format whose replies can be read as they arrive.

    What is streamed equals what `parse` returns, and nothing of the format itself (markers, quotes, prose around it)
    ever shows. An adapter without this streams all the same: each field in one piece, when the reply has ended.
    """

    def stream_parser(self, signature: Signature, *, options: Mapping[str, Any]) -> StreamParser:
        """Return a reader of one reply."""
        ...


@runtime_checkable
class RepairingAdapter(Adapter, Protocol):
    """A prompt format that can mend replies: what `repair="local"` asks of it.

    `parse` is strict in substance, and stays so; here values may be changed where it can be said what was done: a
    number is read out of `12 kg`, a misspelt label is taken for the one it resembles.

    .. versionadded:: 0.1
    """

    def repair(
        self, signature: Signature, response: ModelResponse, error: ParseError, *, options: Mapping[str, Any]
    ) -> Mended:
        """Return the output fields of a reply that `parse` has refused, and what had to be changed.

        Args:
            signature: As for `parse`.
            response: The reply.
            error: What `parse` raised, or what refused the fields it returned.
            options: As for `parse`.

        Raises:
            ParseError: The reply cannot be mended; the error given, where there is nothing to add.
        """
        ...


@runtime_checkable
class FollowingAdapter(Adapter, Protocol):
    """A prompt format that asks twice: `parse` reads the reply to the second request.

    .. versionadded:: 0.1
    """

    def follow(self, call: FormatCall, response: ModelResponse) -> ModelRequest | None:
        """Return what to ask next, or None where `parse` can read the first reply as it is.

        Args:
            call: What the first request was made of; its feedback is about the last reply to the second request, where
                there was one that was refused, and None else.
            response: The reply to the first request.
        """
        ...
