"""What a loopback server answers, and how it fails."""

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

from elixirml.contracts.messages import ToolCall

__all__ = ["Answer", "Fault"]


@frozen
class Answer:
    """One reply, in no provider's words.

    Attributes:
        text: The reply.
        reasoning: What the model thinks before it.
        tool_calls: What it wants to be called.
        finish: Why it stops: `stop`, `length` or `tool_calls`; by the reply when empty.
        tokens_in: Tokens read.
        tokens_cached: Of these, from the provider's cache.
        tokens_out: Tokens written.
        pieces: Signs a piece when it is streamed.
        headers: Further headers, such as rate limits.
        delay: Seconds before the reply begins.
        gap: Seconds between streamed pieces.
    """

    text: str = "ok"
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: str = ""
    tokens_in: int = 7
    tokens_cached: int = 0
    tokens_out: int = 3
    pieces: int = 4
    headers: Mapping[str, str] = field(factory=dict[str, str], hash=False)
    delay: float = 0.0
    gap: float = 0.0

    @property
    def reason(self) -> str:
        """Why it stops."""
        return self.finish or ("tool_calls" if self.tool_calls else "stop")


@frozen
class Fault:
    """One way to fail.

    Attributes:
        kind: `status` answers with an error status; `cut` closes the connection in the middle of a reply (before the
            headers when it is not streamed); `hang` never answers; `garbage` sends what is no reply; `mid_error` tells
            of an error within a stream; `split` is no fault: every byte of the reply comes by itself.
        status: The error status.
        headers: Its headers, such as Retry-After.
        code: The provider's code of the error.
        message: Its words.
        body: What is sent instead of a well-formed error.
    """

    kind: Literal["status", "cut", "hang", "garbage", "mid_error", "split"] = "status"
    status: int = 429
    headers: Mapping[str, str] = field(factory=dict[str, str], hash=False)
    code: str = "rate_limit_exceeded"
    message: str = "slow down"
    body: str | None = None
