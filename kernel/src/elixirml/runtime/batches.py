"""The batch strategy: one program on many inputs, several at once."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar, cast

from anyio import create_task_group

from elixirml.errors import ConfigError

__all__ = ["each_at_once"]

GivenT = TypeVar("GivenT")
MadeT = TypeVar("MadeT")


async def each_at_once(
    work: Callable[[GivenT], Awaitable[MadeT]], given: Iterable[GivenT], *, width: int
) -> list[MadeT | Exception]:
    """Return what work makes of each item, or the error it ended with, in the order of the items.

    Args:
        work: Is given one item.
        given: The items; one is read when there is room for it.
        width: Items under way at once.

    Raises:
        ConfigError: The width is below 1.
    """
    if width < 1:
        raise ConfigError(f"A batch of width {width} would never start.", hint="Give a width of 1 or more.")
    found: list[MadeT | Exception | None] = []
    waiting = iter(given)

    async def worker() -> None:
        for each in waiting:
            place = len(found)
            found.append(None)
            try:
                found[place] = await work(each)
            except Exception as error:  # noqa: BLE001 - it stands in the place of the item
                found[place] = error

    async with create_task_group() as workers:
        for _ in range(width):
            workers.start_soon(worker)
    return cast("list[MadeT | Exception]", found)
