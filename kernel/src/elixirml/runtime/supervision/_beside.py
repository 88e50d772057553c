"""Tasks beside a block, and nothing else: they end with it, and its errors stay what they are."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup

__all__ = ["beside"]


@asynccontextmanager
async def beside() -> AsyncGenerator[TaskGroup, None]:
    """Give a task group whose tasks are cancelled when the block is left; an error of the block comes out bare.

    A plain task group would wait for its tasks, and wrap the block's error in a group. What a task raises cancels the
    block and comes out as a group, since there may be several.
    """
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield tasks
        except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
            failure = error
        finally:
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
