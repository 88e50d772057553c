"""Listening to a run: what its predict stages answer, field by field, as it arrives."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

from attrs import define, field, frozen

from elixirml.contracts.predictor import Prediction
from elixirml.contracts.stream import FieldDelta
from elixirml.identity import Json

__all__ = ["Listener", "RunDelta", "StageListener"]


@frozen
class RunDelta:
    """More of one field that a predict stage answers.

    Attributes:
        stage: The stage's path.
        field: The field's name; a strategy's own, such as `reasoning`, are told too.
        text: What came; the joined pieces of a text field are its value, those of another its source text.
        last: Whether the field is complete; told once for each field of an attempt that came to its end.
        attempt: How often the stage has begun to answer, from 1. What a new attempt says replaces the earlier ones'.

    .. versionadded:: 0.1
    """

    stage: str
    field: str
    text: str
    last: bool = False
    attempt: int = 1


@define(eq=False)
class Listener:
    """Who listens to one run.

    Attributes:
        tell: Told of every delta; the run goes on when it returns.
    """

    tell: Callable[[RunDelta], Awaitable[None]]
    _attempts: Counter[str] = field(factory=Counter[str], init=False)
    _announced: set[str] = field(factory=set[str], init=False)

    def to(self, stage: str) -> "StageListener":
        """Return who listens to one prediction of a stage."""
        return StageListener(self, stage)

    def next_attempt(self, stage: str) -> int:
        """Count one more attempt of a stage, unless it has been announced."""
        if stage in self._announced:
            self._announced.remove(stage)
        else:
            self._attempts[stage] += 1
        return self._attempts[stage]

    async def begin_anew(self, stage: str, name: str) -> None:
        """Tell that what a stage has said holds no longer, with an empty piece of the field that was refused."""
        attempt = self.next_attempt(stage)
        self._announced.add(stage)
        await self.tell(RunDelta(stage, name, "", attempt=attempt))


@define(eq=False)
class StageListener:
    """Listens to one prediction of one stage, and sees to it that the last attempt told is what the stage answers.

    A strategy may ask several times and choose among the replies; an adapter may not read replies as they arrive. So
    what was told is compared with the prediction at the end, and what lacks is told then.

    Attributes:
        run: Who listens.
        stage: The stage's path.
    """

    run: Listener
    stage: str
    _attempt: int = field(default=0, init=False)  # 0 until this exchange has said something
    _heard: dict[str, str] = field(factory=dict[str, str], init=False)
    _complete: set[str] = field(factory=set[str], init=False)
    _open: int = field(default=0, init=False)
    _tangled: bool = field(default=False, init=False)

    @contextmanager
    def exchange(self) -> Generator[None]:
        """Hear one reply; where two arrive at once they cannot be told apart, and all waits for the prediction."""
        self._tangled = self._tangled or self._open > 0
        self._open += 1
        self._begin()
        try:
            yield
        finally:
            self._open -= 1

    async def hear(self, delta: FieldDelta) -> None:
        """Pass on what an adapter has read of a reply."""
        if not self._tangled:
            await self._tell(delta)

    async def conclude(self, prediction: Prediction, *, mended: bool = False) -> None:
        """Tell what lacks of a prediction: the rest of its fields, or all of them where something else was told.

        Args:
            prediction: What the stage answers.
            mended: Whether a reply was changed to be read, so that what was told of it may not be what it now says.
        """
        once = len(prediction.exchanges) <= 1 and not mended
        fields = prediction.fields.items()
        if self._tangled or not all(self._agrees(name, value, once=once) for name, value in fields):
            self._begin()
        for name, value in fields:
            if name not in self._complete:
                await self._tell(FieldDelta(name, _text(value)[len(self._heard.get(name, "")) :], last=True))

    def _begin(self) -> None:
        self._attempt, self._heard, self._complete = 0, {}, set()

    async def _tell(self, delta: FieldDelta) -> None:
        self._attempt = self._attempt or self.run.next_attempt(self.stage)
        self._heard[delta.field] = self._heard.get(delta.field, "") + delta.text
        if delta.last:
            self._complete.add(delta.field)
        await self.run.tell(RunDelta(self.stage, delta.field, delta.text, delta.last, self._attempt))

    def _agrees(self, name: str, value: Json, *, once: bool) -> bool:
        """Whether what was told of a field is its value or, where the field goes on, its beginning.

        A number or a list has no text of its own, only that of the reply: where there was one reply, that is right.
        """
        heard = self._heard.get(name, "")
        if name not in self._complete:
            return _text(value).startswith(heard)
        return heard == _text(value) or (not isinstance(value, str) and (_says(heard, value) or (once and bool(heard))))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _says(source: str, value: Json) -> bool:
    """Whether a text is JSON for a value, however it is spaced."""
    try:
        said: object = json.loads(source)
    except (ValueError, RecursionError):
        return False
    return said == value and isinstance(said, bool) == isinstance(value, bool)
