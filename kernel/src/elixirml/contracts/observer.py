"""What an observer is: somebody who is told what happens.

Observers are contributed through `elixirml.hookspecs.register_observers` or handed to a kernel. They are called in
order, at once and synchronously: keep them short. One that raises is dropped with a warning; the run goes on.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from attrs import field, frozen

__all__ = ["Event", "Observer"]


@frozen
class Event:
    """Something that happened.

    Attributes:
        name: What: `run.start`, `stage.end`, `model.end`, `study.trial`, ...
        run: The run it belongs to.
        span: The piece of work it belongs to; start and end share it.
        parent: The span around that one; None at the top.
        at: Seconds on the monotonic clock.
        data: Details; prompts and replies are left out unless the kernel was told to show content.
    """

    name: str
    run: str
    span: str
    parent: str | None
    at: float
    data: Mapping[str, Any] = field(factory=dict[str, Any], hash=False)


class Observer(Protocol):
    """Receives events."""

    def notify(self, event: Event) -> None:
        """Take note of one event."""
        ...
