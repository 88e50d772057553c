"""Every error ElixirML raises, in one tree.

    ElixirError
    ├── ConfigError                   a setting is wrong                          (also ValueError)
    ├── PluginError                   a plugin or capability cannot be used       (also LookupError)
    │   ├── PluginMissing             nothing of that name is installed
    │   ├── PluginConflict            two distributions offer one name
    │   ├── PluginIncompatible        made for another hook-API level or contract
    │   └── PluginFailed              raised while it was loaded or resolved
    ├── DeclarationError              a program is declared wrongly               (also TypeError)
    ├── ValidationError               data does not fit; lists every problem      (also ValueError)
    ├── ModelError                    a language model gave no reply              (also RuntimeError)
    │   ├── ModelUnavailable          not installed, not loaded, not known
    │   ├── ModelAccessDenied         the key is missing, wrong or may not do this (also PermissionError)
    │   ├── ModelRequestInvalid       the provider refuses a parameter of the request
    │   ├── ContextLengthExceeded     the prompt does not fit
    │   ├── ModelRefused              the provider refuses the content
    │   ├── ModelRateLimited          too many requests, or no credit left
    │   ├── ModelOverloaded           the provider fails or has no room now
    │   ├── ModelTimeout              no reply in time                        (also TimeoutError)
    │   └── ModelDisconnected         no connection, or it broke              (also ConnectionError)
    ├── ParseError                    a reply does not hold the declared fields   (also ValueError)
    ├── AssertionFailed               a check or an ensure refused                (also AssertionError)
    ├── BudgetExceeded                calls, tokens, money, seconds or depth      (also RuntimeError)
    ├── ToolError                     a tool failed                               (also RuntimeError)
    ├── ExecutorError                 work could not be carried out               (also RuntimeError)
    └── StateError                    saved state is of another program or broken (also ValueError)

Catch `ElixirError` for all of them. Each class has a stable `code` (one documentation page a code), may narrow it for
one occurrence (`DeclarationError("...", code="name-not-found")`), and carries a `hint`: the next command or edit.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import ClassVar

from attrs import evolve, field, frozen

__all__ = [
    "AssertionFailed",
    "BudgetExceeded",
    "ConfigError",
    "ContextLengthExceeded",
    "DeclarationError",
    "ElixirError",
    "ExecutorError",
    "ModelAccessDenied",
    "ModelDisconnected",
    "ModelError",
    "ModelOverloaded",
    "ModelRateLimited",
    "ModelRefused",
    "ModelRequestInvalid",
    "ModelTimeout",
    "ModelUnavailable",
    "ParseError",
    "PluginConflict",
    "PluginError",
    "PluginFailed",
    "PluginIncompatible",
    "PluginMissing",
    "Problem",
    "StateError",
    "ToolError",
    "ValidationError",
    "closest",
    "did_you_mean",
    "located",
]


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name nearest to `name`, or None when none is near.

    Example:
        >>> closest("replay", ["reply", "question"])
        'reply'
    """
    return next(iter(get_close_matches(name, list(known), n=1, cutoff=0.6)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a sentence that lists what is known and suggests the nearest name.

    Example:
        >>> did_you_mean("replay", ["question", "reply"])
        'Known here: question, reply. Did you mean `reply`?'
    """
    names = sorted(known)
    if not names:
        return "Nothing is known here."
    near = closest(name, names)
    return f"Known here: {', '.join(names)}." + (f" Did you mean `{near}`?" if near else "")


def located(hint: str | None, where: str) -> str:
    """Return a hint with the file and line it is about, on a line of their own.

    Example:
        >>> print(located("Rename one.", "qa.py:31"))
        Rename one.
          at qa.py:31
    """
    return f"{hint}\n  at {where}" if hint else f"at {where}"


class ElixirError(Exception):
    """The root: catch it to catch everything ElixirML raises on purpose.

    Args:
        message: What is wrong, where and why, in one or two sentences.
        hint: The next command or edit; printed on a line of its own.
        code: A stable, narrower code for this occurrence.

    Attributes:
        trace: How the run had come about that this ended; None where no run did.
    """

    default_code: ClassVar[str] = "error"
    trace: object = None

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message}\n  {self.hint}"


class ConfigError(ElixirError, ValueError):
    """A setting, an option or a file named by the user is wrong."""

    default_code = "config"


class PluginError(ElixirError, LookupError):
    """A plugin, or a capability asked for by name, cannot be used."""

    default_code = "plugin"


class PluginMissing(PluginError):
    """Nothing installed offers the name asked for."""

    default_code = "plugin-missing"


class PluginConflict(PluginError):
    """Two distributions offer the same name, and the user has preferred neither."""

    default_code = "plugin-conflict"


class PluginIncompatible(PluginError):
    """The plugin was made for another hook-API level, or breaks its contract."""

    default_code = "plugin-incompatible"


class PluginFailed(PluginError):
    """The plugin raised while it was loaded or while a contribution was resolved."""

    default_code = "plugin-failed"


class DeclarationError(ElixirError, TypeError):
    """A program, stage, signature or variable is declared wrongly; found before any model call."""

    default_code = "declaration"


@frozen
class Problem:
    """One thing that is wrong with a piece of data.

    Attributes:
        path: Field names and list positions from the outside in; empty for the whole.
        code: Stable and short: `missing`, `type`, `range`, `choice`, `unknown`, ...
        message: What was expected and what was found.
        expected: What was expected, by itself; empty where that cannot be said apart.
        got: What was found, by itself, short and as people read it.
    """

    path: tuple[str | int, ...]
    code: str
    message: str
    expected: str = field(default="", kw_only=True, eq=False)
    got: str = field(default="", kw_only=True, eq=False)

    @classmethod
    def unlike(cls, path: tuple[str | int, ...], code: str, *, expected: str, got: str, more: str = "") -> "Problem":
        """Return the problem of a value that is not what was expected.

        Example:
            >>> Problem.unlike(("n",), "type", expected="a whole number", got="'x' (str)").message
            "expected a whole number, got 'x' (str)"
        """
        return cls(path, code, f"expected {expected}, got {got}{more}", expected=expected, got=got)

    def within(self, *path: str | int) -> "Problem":
        """Return the same problem of a larger piece of data, in which this one stands at a path."""
        return evolve(self, path=(*path, *self.path))

    def to_json(self) -> dict[str, str | list[str | int]]:
        """Return the problem as plain data."""
        told: dict[str, str | list[str | int]] = {"path": list(self.path), "code": self.code, "message": self.message}
        return told | {name: text for name, text in (("expected", self.expected), ("got", self.got)) if text}

    def __str__(self) -> str:
        where = ".".join(str(part) for part in self.path)
        return f"{where}: {self.message}" if where else self.message


class ValidationError(ElixirError, ValueError):
    """Data does not fit its schema or its space; `problems` holds every reason, never only the first."""

    default_code = "validation"

    def __init__(self, message: str, *, problems: Sequence[Problem], hint: str | None = None) -> None:
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{message}{lines}", hint=hint)
        self.problems = tuple(problems)


class ModelError(ElixirError, RuntimeError):
    """A language model gave no reply. The cause is not the candidate's: such a call is tried again, never scored.

    Args:
        message: What happened, with the model and the provider's own words.
        hint: The next command or edit.
        code: A narrower code for this occurrence.
        status: The HTTP status, where there was one.
        retry_after: Seconds after which the provider wants to be asked again, where it says so.
        should_retry: Whether the provider says that asking again may help; None where it says nothing.
        partial: The text that had arrived when a streamed reply broke off.
    """

    default_code = "model"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        should_retry: bool | None = None,
        partial: str = "",
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.status = status
        self.retry_after = retry_after
        self.should_retry = should_retry
        self.partial = partial


class ModelUnavailable(ModelError):
    """The model is not installed or not known, could not be loaded, or its process is gone."""

    default_code = "model-unavailable"


class ModelAccessDenied(ModelError, PermissionError):
    """The key of a provider is missing, wrong, or may not use this model."""

    default_code = "model-access"


class ModelRequestInvalid(ModelError):
    """The provider refuses a parameter of the request: asking again would not help."""

    default_code = "model-request"


class ContextLengthExceeded(ModelError):
    """The prompt and the room for its reply do not fit the model's context."""

    default_code = "context-length"


class ModelRefused(ModelError):
    """The provider refuses to take the prompt, or to give the reply, for what it says."""

    default_code = "model-refused"


class ModelRateLimited(ModelError):
    """The provider takes no more requests for now, or the account has no credit left (code `model-quota`)."""

    default_code = "model-rate-limit"


class ModelOverloaded(ModelError):
    """The provider failed, or has no room at the moment."""

    default_code = "model-overloaded"


class ModelTimeout(ModelError, TimeoutError):
    """No reply came in time."""

    default_code = "model-timeout"


class ModelDisconnected(ModelError, ConnectionError):
    """No connection could be made, or it broke before the reply was whole."""

    default_code = "model-connection"


class ParseError(ElixirError, ValueError):
    """A reply does not hold the declared fields.

    Args:
        message: What was missing or wrong.
        failure: One of the stable parse codes: `empty`, `missing_field`, `wrong_type`, `not_in_enum`, ...
        path: The field concerned, from the outside in.
        reply: The whole reply.
    """

    default_code = "parse"

    def __init__(self, message: str, *, failure: str, path: tuple[str | int, ...] = (), reply: str = "") -> None:
        super().__init__(message)
        self.failure = failure
        self.path = path
        self.reply = reply


class AssertionFailed(ElixirError, AssertionError):
    """A `check` refused an input, or an `ensure` still failed after its retries.

    Args:
        message: The assertion's own message.
        assertion: Its name in the program.
        value: The value it judged.
        attempts: How often the value was produced.
    """

    default_code = "assertion-failed"

    def __init__(self, message: str, *, assertion: str, value: object = None, attempts: int = 1) -> None:
        super().__init__(message)
        self.assertion = assertion
        self.value = value
        self.attempts = attempts


class BudgetExceeded(ElixirError, RuntimeError):
    """A limit on calls, tokens, money, seconds or depth was reached.

    Args:
        message: Which limit, of what, and how much was spent.
        limit: The name of the limit.
        partial: What was finished before; its type depends on what ran.
        hint: How to go on.
        code: A narrower code for this occurrence.
    """

    default_code = "budget-exceeded"

    def __init__(
        self, message: str, *, limit: str, partial: object = None, hint: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.limit = limit
        self.partial = partial


class ToolError(ElixirError, RuntimeError):
    """A tool failed or was called with arguments it does not take."""

    default_code = "tool"


class ExecutorError(ElixirError, RuntimeError):
    """Work could not be carried out where it was sent."""

    default_code = "executor"


class StateError(ElixirError, ValueError):
    """Saved state is broken, of a newer version, or of another program."""

    default_code = "state"
