"""What an execution used: calls, tokens, money, seconds."""

from typing import Self

from attrs import field, frozen

__all__ = ["Usage"]


@frozen
class Usage:
    """Amounts used; they add up.

    Attributes:
        calls: Model calls that were carried out (a journalled or cached reply is none).
        tokens_in: Prompt tokens, cached ones included.
        tokens_cached: Prompt tokens the model reused from an earlier call.
        tokens_out: Tokens written.
        money: US dollars; 0 where calls are free, None where a price is not known.
        seconds: Time spent waiting for models; replies that differ in nothing else are equal.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    money: float | None = 0.0
    seconds: float = field(default=0.0, eq=False)

    def __add__(self, other: Self) -> "Usage":
        return Usage(
            calls=self.calls + other.calls,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_cached=self.tokens_cached + other.tokens_cached,
            tokens_out=self.tokens_out + other.tokens_out,
            money=None if self.money is None or other.money is None else self.money + other.money,
            seconds=self.seconds + other.seconds,
        )

    def to_json(self) -> dict[str, int | float | None]:
        """Return the amounts by name."""
        return {
            "calls": self.calls,
            "tokens_in": self.tokens_in,
            "tokens_cached": self.tokens_cached,
            "tokens_out": self.tokens_out,
            "money": self.money,
            "seconds": self.seconds,
        }
