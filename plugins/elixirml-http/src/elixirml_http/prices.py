"""What calls cost: a table with a version, what the user adds to it, and nothing guessed."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from attrs import field, frozen

from elixirml.contracts import Usage
from elixirml_http.config import PriceConfig

__all__ = ["Prices"]

_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})$")


@frozen
class Prices:
    """Prices by model name; a model that is not in the table has none, which is not the same as 0.

    Attributes:
        version: Of the table that ships with this plugin.
        models: US dollars a million tokens, by `provider/model`.
    """

    version: str
    models: Mapping[str, PriceConfig] = field(hash=False, repr=False)

    @classmethod
    def known(cls, own: Mapping[str, PriceConfig]) -> "Prices":
        """Return the table, with what the user says over it."""
        table: dict[str, Any] = json.loads(files("elixirml_http").joinpath("prices.json").read_text(encoding="utf-8"))
        shipped = {
            name: PriceConfig(each["input"], each["output"], each.get("cached"))
            for name, each in table["models"].items()
        }
        return cls(table["version"], {**shipped, **own})

    def of(self, model: str) -> PriceConfig | None:
        """Return the price of a model; one with a date in its name costs what the undated one does."""
        return self.models.get(model) or self.models.get(_DATED.sub("", model))

    def cost(self, model: str, usage: Usage) -> float | None:
        """Return the US dollars a call cost; None when the price is not known."""
        price = self.of(model)
        if price is None:
            return None
        cached = price.input if price.cached is None else price.cached
        fresh = usage.tokens_in - usage.tokens_cached
        return (fresh * price.input + usage.tokens_cached * cached + usage.tokens_out * price.output) / 1_000_000
