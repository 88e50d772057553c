"""What a model costs and can do, by litellm's own table and by what the user adds to it."""

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from elixirml.contracts import Capability, Usage
from elixirml_litellm.config import PriceConfig

__all__ = ["ModelFacts"]

_ABILITIES: Final = {
    "supports_function_calling": Capability.TOOLS,
    "supports_response_schema": Capability.JSON_SCHEMA,
    "supports_reasoning": Capability.REASONING,
    "supports_vision": Capability.VISION,
    "supports_audio_input": Capability.AUDIO,
    "supports_pdf_input": Capability.FILES,
}
_ALWAYS: Final = frozenset({Capability.STREAM, Capability.JSON_MODE})
_TIER: Final = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")


@frozen
class ModelFacts:
    """What is known about one model.

    Attributes:
        row: Its row of the table; empty when it is not in it.
        own: What the user says it costs.
    """

    row: Mapping[str, Any] = field(hash=False)
    own: PriceConfig | None = None

    @classmethod
    def of(cls, model: str, table: Mapping[str, Mapping[str, Any]], own: PriceConfig | None) -> "ModelFacts":
        """Return what is known about `provider/model`; the table leaves the provider out of many names."""
        provider, _, bare = model.partition("/")
        bare_row = table.get(bare, {})
        return cls(table.get(model) or (bare_row if bare_row.get("litellm_provider") == provider else {}), own)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the table says the model can do; of a model it does not know, what most can."""
        if not self.row:
            return _ALWAYS | {Capability.TOOLS, Capability.JSON_SCHEMA}
        return _ALWAYS | {ability for name, ability in _ABILITIES.items() if self.row.get(name) is True}

    def cost(self, usage: Usage) -> float | None:
        """Return the US dollars a call cost; None when the price is not known."""
        if self.own is not None:
            reread = self.own.input if self.own.cached is None else self.own.cached
            return _sum(usage, self.own.input / 1e6, self.own.output / 1e6, reread / 1e6)
        tier = self._tier(usage.tokens_in)
        read, written = self._rate("input_cost_per_token", tier), self._rate("output_cost_per_token", tier)
        if read is None or written is None:
            return None
        cached = self._rate("cache_read_input_token_cost", tier)
        return _sum(usage, read, written, read if cached is None else cached)

    def _tier(self, tokens: int) -> str:
        """Return how the rates of a prompt of some length are called: long ones cost more with some models."""
        passed = [
            int(found[1]) for name in self.row if (found := _TIER.fullmatch(name)) and tokens > 1000 * int(found[1])
        ]
        return f"_above_{max(passed)}k_tokens" if passed else ""

    def _rate(self, name: str, tier: str) -> float | None:
        found = self.row.get(name + tier, self.row.get(name))
        return float(found) if isinstance(found, int | float) else None


def _sum(usage: Usage, read: float, written: float, cached: float) -> float:
    fresh = usage.tokens_in - usage.tokens_cached
    return fresh * read + usage.tokens_cached * cached + usage.tokens_out * written
