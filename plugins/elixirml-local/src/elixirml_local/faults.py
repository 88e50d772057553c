"""What can go wrong inside the child process; `LocalModel` turns these into errors of ElixirML."""

from typing import ClassVar

__all__ = ["EngineError", "ModelFileUnusable", "ModelNotLoaded", "PromptTooLong", "ReplyStopped"]


class EngineError(Exception):
    """The engine could not do what it was asked; the next question may go well.

    Args:
        message: Why.
        hint: The next step, when it is known here.
    """

    code: ClassVar[str] = "engine"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ModelNotLoaded(EngineError):
    """There is no model to ask, because the engine cannot be used or another one runs."""

    code = "unavailable"


class ModelFileUnusable(ModelNotLoaded):
    """There is no model to ask, because its file is gone or broken."""

    code = "file"


class PromptTooLong(EngineError):
    """The prompt and its reply do not fit the context."""

    code = "context-length"


class ReplyStopped(Exception):
    """Nobody reads a reply any further, so it is not written to its end."""
