"""Whether a failed call is tried again, and when: pure rules, in the order in which they are asked.

What is worth trying again, and the words servers use to say so, are those of the official clients of OpenAI and
Anthropic (`x-should-retry`, `retry-after-ms`) and of RFC 9110, section 10.2.3 (`retry-after`).
"""

from enum import StrEnum
from typing import Final

from attrs import field, frozen

__all__ = ["Action", "Answer", "Decision", "RetryPolicy", "Trouble", "decide"]

_STATUSES: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class Action(StrEnum):
    """What to do after an attempt."""

    RETURN = "return"
    RETRY = "retry"
    GIVE_UP = "give_up"


class Trouble(StrEnum):
    """Why a call got no answer, where another one might; everything else is `OTHER`."""

    CONNECT = "connect"
    TIMEOUT = "timeout"
    RESET = "reset"
    OTHER = "other"


@frozen
class RetryPolicy:
    """How patient to be.

    Attributes:
        max_retries: How often to ask again.
        base: Seconds before the first retry.
        factor: How much longer each further wait is.
        cap: Seconds that no computed wait is longer than.
        max_retry_after: Seconds a server may ask us to wait.
        deadline: Seconds after the first attempt when no other one begins; None for no such limit.
    """

    max_retries: int = 2
    base: float = 0.5
    factor: float = 2.0
    cap: float = 8.0
    max_retry_after: float = 60.0
    deadline: float | None = None

    def wait(self, retries: int) -> float:
        """Return the computed wait after so many retries."""
        try:
            return min(self.cap, self.base * self.factor**retries)
        except OverflowError:
            return self.cap


@frozen
class Answer:
    """What became of one attempt.

    Attributes:
        status: The HTTP status; None where there was no answer.
        trouble: Why there was none; None where there was one.
        retry_after: Seconds after which the server wants to be asked again.
        should_retry: Whether the server wants to be asked again, where it says so.
        out_of_quota: The account has no credit left: waiting does not help.
        stream_started: Part of the reply was handed on already.
        at: Seconds since the first attempt began.
    """

    status: int | None = None
    trouble: Trouble | None = None
    retry_after: float | None = None
    should_retry: bool | None = None
    out_of_quota: bool = False
    stream_started: bool = False
    at: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether it is what was asked for."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_retryable(self) -> bool:
        """Whether asking again may help."""
        if self.out_of_quota:
            return False
        if self.status is None:
            return self.trouble not in {None, Trouble.OTHER}
        return self.status in _STATUSES if self.should_retry is None else self.should_retry


@frozen
class Decision:
    """What to do.

    Attributes:
        action: Return the reply, retry, or give up.
        after: Seconds to wait before a retry; None when there is none.
        reason: Why not to retry: `stream_started`, `not_retryable`, `max_retries`, `retry_after_too_long`, `deadline`.
        by_server: The wait is the server's own, so it is kept to.
    """

    action: Action
    after: float | None = None
    reason: str | None = None
    by_server: bool = field(default=False, kw_only=True)


def decide(policy: RetryPolicy, answer: Answer, *, retries: int) -> Decision:
    """Return what to do after an attempt.

    Args:
        policy: How patient to be.
        answer: What became of the attempt.
        retries: How many attempts before it were retries already.
    """
    if answer.succeeded:
        return Decision(Action.RETURN)
    after = policy.wait(retries) if answer.retry_after is None else answer.retry_after
    reason = _objection(policy, answer, retries, after)
    if reason is not None:
        return Decision(Action.GIVE_UP, reason=reason)
    return Decision(Action.RETRY, after, by_server=answer.retry_after is not None)


def _objection(policy: RetryPolicy, answer: Answer, retries: int, after: float) -> str | None:
    """Return the first reason not to try again, or None."""
    objections = {
        "stream_started": answer.stream_started,
        "not_retryable": not answer.is_retryable,
        "max_retries": retries >= policy.max_retries,
        "retry_after_too_long": answer.retry_after is not None and answer.retry_after > policy.max_retry_after,
        "deadline": policy.deadline is not None and answer.at + after > policy.deadline,
    }
    return next((reason for reason, holds in objections.items() if holds), None)
