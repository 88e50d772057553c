"""Budgets: limits on what a run or a study may use, and the meter that keeps to them."""

import math
from collections.abc import Callable
from time import monotonic
from typing import Self

from attrs import asdict, define, field, fields, frozen

from elixirml.contracts.usage import Usage
from elixirml.errors import BudgetExceeded, ConfigError, did_you_mean
from elixirml.identity import Json

__all__ = ["Budget", "Meter"]


@frozen
class Budget:
    """Limits; None means no limit.

    Attributes:
        calls: Model calls.
        tokens: Tokens in and out together.
        money: In the provider's currency.
        seconds: Wall-clock time.

    Example:
        >>> Budget.parse("calls=600,seconds=300")
        Budget(calls=600, tokens=None, money=None, seconds=300.0)
    """

    calls: int | None = None
    tokens: int | None = None
    money: float | None = None
    seconds: float | None = None

    def __attrs_post_init__(self) -> None:
        for name, limit in asdict(self).items():
            if limit is not None and not (math.isfinite(limit) and limit >= 0):
                raise ConfigError(
                    f"The limit `{name}` is {limit}, which is no amount.", hint="Give a number, or None for no limit."
                )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read limits as they are written on a command line.

        Raises:
            ConfigError: A limit is not known, is given twice, or is not a number above 0.
        """
        limits: dict[str, float] = {}
        known = [each.name for each in fields(cls)]
        for part in filter(None, (each.strip() for each in text.split(","))):
            name, _, amount = (each.strip() for each in part.partition("="))
            if name not in known:
                raise ConfigError(f"`{name}` is not a limit of a budget.", hint=did_you_mean(name, known))
            if name in limits:
                raise ConfigError(f"The limit `{name}` is given twice.", hint="Write each limit once.")
            limits[name] = _amount(name, amount, whole=name in {"calls", "tokens"})
        return cls(
            calls=_whole(limits.get("calls")),
            tokens=_whole(limits.get("tokens")),
            money=limits.get("money"),
            seconds=limits.get("seconds"),
        )

    def to_json(self) -> dict[str, Json]:
        """Return the limits by name."""
        return asdict(self)


def _whole(amount: float | None) -> int | None:
    return None if amount is None else int(amount)


def _amount(name: str, text: str, *, whole: bool) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = 0.0
    if not (math.isfinite(amount) and amount > 0) or (whole and not amount.is_integer()):
        raise ConfigError(
            f"The limit `{name}` must be a number above 0{', and whole' if whole else ''} (got `{text}`).",
            hint=f"Write for example {name}=600.",
        )
    return amount


@define
class Meter:
    """Counts what is used and refuses the call that would pass a limit.

    A call is reserved before it is made and settled afterwards, so calls under way are counted: the limit on calls is
    never passed, the other limits by no more than the calls under way.

    Attributes:
        budget: The limits.
        spent: What has been used.
        pending: Calls under way.
        reused: Calls among those spent that were taken from a journal and not made again.
        counts_failures: Whether a call that failed counts, unless it was turned away. In a study it does not: an outage
            passes, and a resumed study must spend as one that never stopped.
    """

    budget: Budget = field(factory=Budget)
    clock: Callable[[], float] = monotonic
    spent: Usage = field(factory=Usage)
    pending: int = 0
    reused: int = 0
    counts_failures: bool = field(default=False, kw_only=True)
    started: float = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.started = self.clock()

    def elapsed(self) -> float:
        """Return the seconds since the meter was made."""
        return self.clock() - self.started

    def remaining_calls(self) -> int | None:
        """Return how many more calls are allowed, or None without a limit."""
        return None if self.budget.calls is None else max(0, self.budget.calls - self.spent.calls - self.pending)

    def reserve(self) -> None:
        """Set one call aside.

        Raises:
            BudgetExceeded: A limit is reached; nothing is set aside.
        """
        used = {
            "calls": (self.spent.calls + self.pending, self.budget.calls),
            "tokens": (self.spent.tokens_in + self.spent.tokens_out, self.budget.tokens),
            "money": (self.spent.money, self.budget.money),
            "seconds": (self.elapsed(), self.budget.seconds),
        }
        for limit, (amount, most) in used.items():
            if most is not None and amount is None:
                raise BudgetExceeded(
                    f"The budget of {_word(most)} {limit} cannot be kept: the price of a model used is not known.",
                    limit=limit,
                    hint="Limit calls or tokens instead, or tell the price of the model in the configuration.",
                    code="price-unknown",
                )
            if most is not None and amount is not None and amount >= most:
                raise BudgetExceeded(
                    f"The budget of {_word(most)} {limit} is used up ({_word(amount)}).",
                    limit=limit,
                    hint=f"Allow more: Budget({limit}=...), or --budget {limit}=... on the command line.",
                )
        self.set_aside()

    def set_aside(self) -> None:
        """Set one call aside whatever the limits say: one that is known to cost nothing, since nobody is asked."""
        self.pending += 1

    def settle(self, usage: Usage) -> None:
        """Book what a reserved call used."""
        self.pending -= 1
        self.spent = self.spent + usage

    def charge(self, usage: Usage) -> None:
        """Book what an earlier process used: a resumed study spends its budget as if it had never stopped."""
        self.spent = self.spent + usage
        self.reused += usage.calls


def _word(amount: float) -> str:
    return f"{amount:,}" if isinstance(amount, int) else f"{amount:,.6g}"
