"""The door for declaring a variable in one line: `variable(0.7, low=0.0, high=2.0)`."""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypedDict, cast

from elixirml.errors import DeclarationError
from elixirml.identity import Json
from elixirml.variables._json import is_number, show
from elixirml.variables.bank import Entry
from elixirml.variables.banked import Subset, Text
from elixirml.variables.base import Variable
from elixirml.variables.choices import Boolean, Capability, Choice
from elixirml.variables.conditions import Condition
from elixirml.variables.derived import Computed
from elixirml.variables.numeric import Float, Integer, Scale

__all__ = ["variable"]

_Value: TypeAlias = "Json | Sequence[Json]"


class _Common(TypedDict):
    """What every kind takes."""

    name: str
    active_if: Condition | None
    frozen: bool
    hint: str | None


def variable(
    default: _Value = None,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    scale: Scale = "linear",
    choices: Sequence[Json] | None = None,
    bank: str | Sequence[Json] | None = None,
    ordered: bool = False,
    minimum: int | None = None,
    maximum: int | None = None,
    kind: str | None = None,
    compute: Callable[..., Json] | None = None,
    inputs: Sequence[str] = (),
    active_if: Condition | None = None,
    frozen: bool = False,
    hint: str | None = None,
    name: str = "",
) -> Variable:
    """Declare a tunable; its kind follows from what is said about it.

    | said | kind |
    |---|---|
    | `compute` and `inputs` | Computed |
    | `kind="adapter"`, `"predictor"`, `"model"`, ...; `choices` are the names it may have | Capability |
    | `bank`, default a text | Text: `default` and the texts of `bank` are its first entries |
    | `bank`, default a list | Subset: values of `default` and `bank` are the first entries, `default` is chosen |
    | `choices` | Choice |
    | default true or false | Boolean |
    | `low` and `high`, all whole numbers | Integer |
    | `low` and `high` | Float |

    Args:
        default: The value when nothing else is said. For a text or subset variable the texts or values themselves,
            not entry ids.
        low: The smallest number.
        high: The largest number.
        step: The distance between allowed numbers.
        scale: `log` where ratios matter more than differences.
        choices: The values to choose from.
        bank: Further first entries, for a bank of the variable's own; or the name of a bank it shares.
        ordered: The choices form a scale, or the order of a subset matters.
        minimum: The fewest entries of a subset; 0 if not given.
        maximum: The most entries of a subset; as many as it begins with if not given.
        kind: The kind of installed thing it names.
        compute: The function of a computed variable, called with the values of `inputs`.
        inputs: The paths a computed variable depends on.
        active_if: When it takes part; made by `when`.
        frozen: Keep it out of search.
        hint: What it does, for people and proposers.
        name: Its name; the program gives it the name it is declared under.

    Raises:
        DeclarationError: The kind cannot be told, an argument does not belong to it, or the domain makes no sense.

    Example:
        >>> variable(0.7, low=0.0, high=2.0).kind, variable("json", choices=["json", "xml"]).kind
        ('float', 'choice')
    """
    common = _Common(name=name, active_if=active_if, frozen=frozen, hint=hint)
    said = {
        "low": low is not None,
        "high": high is not None,
        "step": step is not None,
        "scale": scale != "linear",
        "choices": choices is not None,
        "bank": bank is not None,
        "ordered": ordered,
        "minimum": minimum is not None,
        "maximum": maximum is not None,
        "kind": kind is not None,
        "compute": compute is not None,
        "inputs": bool(inputs),
    }
    given = {word for word, is_said in said.items() if is_said}
    if compute is not None:
        _only(given, {"compute", "inputs"}, "a computed variable")
        return Computed(default=None, compute=compute, inputs=inputs, **common)
    if kind is not None:
        _only(given, {"kind", "choices"}, f"a variable that names a {kind}")
        return Capability(default=_plain(default), capability=kind, options=tuple(choices or ()), **common)
    if bank is not None:
        return _banked(default, bank, minimum, maximum, given=given, ordered=ordered, common=common)
    if choices is not None:
        _only(given, {"choices", "ordered"}, "a choice")
        return Choice(default=_plain(default), options=tuple(choices), ordered=ordered, **common)
    if isinstance(default, bool):
        _only(given, set(), "a truth value")
        return Boolean(default=default, **common)
    if is_number(default):
        _only(given, {"low", "high", "step", "scale"}, "a number")
        return _number(default, low, high, step, scale=scale, common=common)
    raise DeclarationError(
        f"the kind of {_called(name)} cannot be told from its default {show(default)}.",
        hint="Add choices=[...], or bank=[...] for a text that may be rewritten, or kind=... for an installed thing.",
    )


def _called(name: str) -> str:
    return f"variable `{name}`" if name else "this variable"


def _only(given: set[str], allowed: set[str], what: str) -> None:
    """Refuse arguments that the kind does not take: an argument without effect is a mistake."""
    surplus = sorted(given - allowed)
    if surplus:
        takes = f"It takes {', '.join(sorted(allowed))}." if allowed else "It takes none of these."
        raise DeclarationError(f"{what} does not take {', '.join(surplus)}.", hint=f"Leave out {surplus[0]}. {takes}")


def _plain(default: _Value) -> Json:
    """Return the default as it stands; the kind itself refuses what is no value of it."""
    return cast("Json", default)


def _number(
    default: float,
    low: float | None,
    high: float | None,
    step: float | None,
    *,
    scale: Scale,
    common: _Common,
) -> Variable:
    if low is None or high is None:
        lacking = " and ".join(word for word, bound in (("low", low), ("high", high)) if bound is None)
        raise DeclarationError(
            f"{_called(common['name'])} is the number {default} without {lacking}.",
            hint=f"Write variable({default}, low=..., high=...), or choices=[...] for a few numbers.",
        )
    kind = Integer if all(isinstance(part, int) for part in (default, low, high, step or 1)) else Float
    return kind(default=default, low=low, high=high, step=step, scale=scale, **common)


def _banked(
    default: _Value,
    bank: str | Sequence[Json],
    minimum: int | None,
    maximum: int | None,
    *,
    given: set[str],
    ordered: bool,
    common: _Common,
) -> Variable:
    """Return a Text for a text and a Subset for a list; `default` comes first among the entries."""
    shared = bank if isinstance(bank, str) else ""
    further = [] if isinstance(bank, str) else [Entry.of(value) for value in bank]
    if isinstance(default, str):
        _only(given, {"bank"}, "a text variable")
        first = Entry.of(default)
        return Text(default=first.id, bank=shared, entries=_distinct([first, *further]), **common)
    if not isinstance(default, Sequence):
        raise DeclarationError(
            f"{_called(common['name'])} draws from a bank, but its default {show(default)} is neither text nor list.",
            hint="Give a text for one entry, or a list of values (empty too) for several.",
        )
    _only(given, {"bank", "ordered", "minimum", "maximum"}, "a subset variable")
    chosen = [Entry.of(value) for value in default]
    entries = _distinct([*chosen, *further])
    if maximum is None and not entries:
        raise DeclarationError(
            f"{_called(common['name'])} may hold no entry at all: its bank is empty and no maximum is given.",
            hint="Add maximum=..., the most entries it may ever hold.",
        )
    return Subset(
        default=[entry.id for entry in chosen],
        bank=shared,
        entries=entries,
        minimum=minimum or 0,
        maximum=len(entries) if maximum is None else maximum,
        ordered=ordered,
        **common,
    )


def _distinct(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    return tuple({entry.id: entry for entry in entries}.values())
