"""What a prediction cost: seconds, money, tokens. Less is better.

A reply that could not be used gives a fixed penalty instead, well above what one prediction usually costs: were it
free, the worst candidate would seem the cheapest.
"""

from attrs import field, frozen

from elixirml.contracts import Direction, Example, Prediction, Score
from elixirml.errors import ConfigError

__all__ = ["Cost", "Latency", "Tokens"]


@frozen
class Latency:
    """Seconds spent waiting for models.

    Within a study a reply from the journal counts the seconds it took when it was asked for, so that a candidate scores
    the same whoever asked first.

    .. versionadded:: 0.1
    """

    direction: Direction = field(default=Direction.MINIMIZE, init=False)
    unit: str = field(default="seconds", init=False)
    failure: float = field(default=600.0, init=False)

    def score(self, example: Example, prediction: Prediction) -> Score:
        """Return the seconds."""
        _ = example
        return Score(prediction.usage.seconds)


@frozen
class Cost:
    """US dollars spent on models; local models are free.

    .. versionadded:: 0.1
    """

    direction: Direction = field(default=Direction.MINIMIZE, init=False)
    unit: str = field(default="money", init=False)
    failure: float = field(default=1.0, init=False)

    def score(self, example: Example, prediction: Prediction) -> Score:
        """Return the dollars.

        Raises:
            ConfigError: The price of a model is not known; a guess would make it look cheap.
        """
        _ = example
        if prediction.usage.money is None:
            raise ConfigError(
                "What the prediction cost is not known: the price of a model it used is not known.",
                hint="Tell the price of the model in the configuration of its provider.",
                code="price-unknown",
            )
        return Score(prediction.usage.money)


@frozen
class Tokens:
    """Tokens that models read and wrote, cached ones included.

    .. versionadded:: 0.1
    """

    direction: Direction = field(default=Direction.MINIMIZE, init=False)
    unit: str = field(default="tokens", init=False)
    failure: float = field(default=100_000.0, init=False)

    def score(self, example: Example, prediction: Prediction) -> Score:
        """Return the tokens."""
        _ = example
        return Score(float(prediction.usage.tokens_in + prediction.usage.tokens_out))
