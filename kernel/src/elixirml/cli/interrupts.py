"""Ctrl-C in a verb that can go on later: it says how."""

import contextlib
import shlex
from collections.abc import Generator
from typing import cast

import click

from elixirml.cli.failures import Interrupted
from elixirml.cli.progress import StudyProgress

__all__ = ["resumable"]


@contextlib.contextmanager
def resumable(progress: StudyProgress, *, kept: str = "Nothing scored so far is lost.") -> Generator[None]:
    """Follow a study in the block; whatever ends it, the line of progress is removed.

    Args:
        progress: Told of the study.
        kept: What an interrupted study leaves behind.

    Raises:
        Interrupted: The study had begun; the hint is the command that goes on with it.
    """
    try:
        yield
    except KeyboardInterrupt:
        if not progress.begun:
            raise
        raise Interrupted(f"{kept} Go on with: {_resuming()}") from None
    finally:
        progress.close()


def _resuming() -> str:
    """Return the command that was given, with `--resume`."""
    context = click.get_current_context()
    given = cast("list[str] | None", context.find_root().obj) or [context.info_name or "optimize", "..."]
    return shlex.join(["elixirml", *(each for each in given if each != "--resume"), "--resume"])
