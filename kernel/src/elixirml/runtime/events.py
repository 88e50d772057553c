"""Events: what happens in a kernel, told to its observers."""

import itertools
import warnings
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any

from attrs import define, field

from elixirml.contracts.observer import Event, Observer

__all__ = ["EventBus", "Span"]


class EventBus:
    """Hands every event to every observer; one that raises is dropped, with a warning.

    Args:
        observers: Told in this order.
    """

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = list(observers)
        self._numbers = itertools.count(1)

    @property
    def silent(self) -> bool:
        """Whether nobody listens."""
        return not self._observers

    def add(self, observer: Observer) -> None:
        """Tell one more observer from now on."""
        self._observers.append(observer)

    def remove(self, observer: Observer) -> None:
        """Stop telling an observer: this one, not another that equals it."""
        self._observers = [each for each in self._observers if each is not observer]

    def number(self) -> str:
        """Return a new span id."""
        return str(next(self._numbers))

    def tell(self, event: Event) -> None:
        """Tell everybody."""
        for observer in tuple(self._observers):
            try:
                observer.notify(event)
            except Exception as error:  # noqa: BLE001 - an observer must never end what it observes
                self.remove(observer)
                warnings.warn(f"the observer {observer!r} raised {error!r} and is told no more", stacklevel=2)


@define
class Span:
    """One piece of work: where its events belong.

    Attributes:
        bus: Who is told.
        run: The run's id.
        id: This piece; empty for the outside of a run, which has no events of its own.
        parent: The piece around it.
        outcome: Told with the end.
    """

    bus: EventBus
    run: str
    id: str = ""
    parent: str | None = None
    outcome: dict[str, Any] = field(factory=dict[str, Any])

    @classmethod
    def nowhere(cls) -> "Span":
        """Return a piece of work nobody is told of."""
        return cls(EventBus(), "")

    def tell(self, name: str, /, **data: Any) -> None:
        """Tell one event of this piece of work."""
        if not self.bus.silent:
            self.bus.tell(Event(name, self.run, self.id, self.parent, monotonic(), data))

    @contextmanager
    def inside(self, name: str, /, **data: Any) -> "Generator[Span, None, None]":
        """Tell the start and the end (or the error) of a piece of work inside this one."""
        inner = Span(self.bus, self.run, self.bus.number(), self.id or None)
        if self.bus.silent:  # every call has some of these, and mostly nobody listens
            yield inner
            return
        inner.tell(f"{name}.start", **data)
        try:
            yield inner
        except BaseException as error:
            inner.tell(f"{name}.error", **data, error=type(error).__name__, code=getattr(error, "code", None))
            raise
        inner.tell(f"{name}.end", **data, **inner.outcome)
