"""From an error to words for people, an object for machines, and an exit code.

Exit codes: 0 done, 1 a check failed, 2 the user's input is at fault, 3 a model or plugin failed, 130 interrupted.
"""

import json
import sys
import traceback
from typing import Final

import click

from elixirml.errors import (
    AssertionFailed,
    BudgetExceeded,
    ConfigError,
    DeclarationError,
    ElixirError,
    PluginError,
    PluginMissing,
    StateError,
    ValidationError,
)

__all__ = ["PROGRAM_MODULE", "Interrupted", "PluginsInDisorder", "exit_code", "own_line", "report"]

PROGRAM_MODULE: Final = "elixirml_program_"
"""Begins the name of every module that was read from a program's file."""

_USER_ERRORS: Final = (ConfigError, DeclarationError, ValidationError, StateError, PluginMissing, click.ClickException)


class PluginsInDisorder(PluginError):
    """Something is wrong with a plugin, and the user wants no warning but an end.

    Args:
        warnings: How many warnings were printed.
    """

    default_code = "plugins-strict"

    def __init__(self, warnings: int) -> None:
        number = "1 warning" if warnings == 1 else f"{warnings} warnings"
        super().__init__(
            f"Plugins are not in order, and none is tolerated: {number} above.",
            hint="elixirml plugins doctor, or leave out --strict-plugins and ELIXIRML_STRICT_PLUGINS",
        )


_FAILED_CHECKS: Final = (AssertionFailed, BudgetExceeded, PluginsInDisorder)


class Interrupted(KeyboardInterrupt):
    """The user stopped a verb that can say how to go on.

    Args:
        hint: How to go on.
    """

    def __init__(self, hint: str) -> None:
        super().__init__(hint)
        self.hint = hint


def own_line(error: BaseException) -> str | None:
    """Return the last line of the user's own code that an error passed, or None when it passed none.

    The user's own is what is neither of the standard library, nor installed, nor of ElixirML or a plugin.
    """
    found = None
    for frame, line in traceback.walk_tb(error.__traceback__):
        code, module = frame.f_code, str(frame.f_globals.get("__name__", ""))
        top = module.partition(".")[0]
        installed = "site-packages" in code.co_filename or top in sys.stdlib_module_names
        ours = top.startswith("elixirml") and not top.startswith(PROGRAM_MODULE)
        if not (installed or ours or code.co_filename.startswith("<")):
            where = "" if code.co_name == "<module>" else f", in {code.co_name}"
            found = f"at {code.co_filename}:{line}{where}"
    return found


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error."""
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        return 130
    if isinstance(error, _FAILED_CHECKS):
        return 1
    if isinstance(error, _USER_ERRORS):
        return 2
    return 3 if isinstance(error, ElixirError) or own_line(error) is None else 2


def report(error: BaseException, *, as_json: bool) -> int:
    """Say on standard error what went wrong, and on standard output for machines; return the exit code.

    Args:
        error: What ended the verb.
        as_json: Whether standard output holds one JSON object.
    """
    if isinstance(error, click.Abort):
        error = error.__cause__ or KeyboardInterrupt()
    code, message, hint = _words(error)
    if isinstance(error, click.ClickException):
        error.show()
    else:
        if code == "internal":
            click.echo("".join(traceback.format_exception(error)), err=True)
        title = f"{type(error).__name__} [{code}]: " if isinstance(error, ElixirError) else ""
        click.echo(f"{title}{message}" if hint is None else f"{title}{message}\n  {hint}", err=True)
    if as_json:
        # What assertions have said of a run says more of it than the one error that ended it.
        said = [each.to_json() for each in getattr(getattr(error, "trace", None), "lapses", ())]
        wrong = [each.to_json() for each in error.problems] if isinstance(error, ValidationError) else []
        details = {name: each for name, each in (("lapses", said), ("problems", wrong)) if each}
        found = {"code": code, "message": message, "hint": hint, **details}
        click.echo(json.dumps({"error": found}, ensure_ascii=False))
    return exit_code(error)


def _words(error: BaseException) -> tuple[str, str, str | None]:
    """Return an error's stable code, its message, and the next command or edit."""
    match error:
        case ElixirError():
            return error.code, error.message, error.hint
        case click.ClickException():
            return "usage", error.format_message(), None
        case KeyboardInterrupt():
            # Who was at work notes on the interrupt itself what it was at.
            notes = "\n  ".join(getattr(error, "__notes__", ())) or None
            return "interrupted", "Interrupted.", error.hint if isinstance(error, Interrupted) else notes
        case EOFError():
            return "no-answer", "Standard input ended before the question was answered.", None
        case _:
            own, words = own_line(error), f"{type(error).__name__}: {error}"
            if own is not None:
                return "program-raised", f"The program raised {words}", own
            return "internal", f"Unexpected {words}", "Not your fault: please report it, with the trace above."
