"""The section `[plugins.litellm]`: keys and addresses by provider, how long to wait, what models cost."""

from collections.abc import Mapping
from typing import Annotated

from attrs import frozen

from elixirml.config import Secret, option
from elixirml.contracts import Pattern

__all__ = ["LiteLlmConfig", "PriceConfig"]


@frozen
class PriceConfig:
    """What a model costs, in US dollars a million tokens."""

    input: float = option(help="Tokens read.", low=0.0)
    output: float = option(help="Tokens written.", low=0.0)
    cached: float | None = option(None, help="Tokens read from the provider's cache; as `input` when not given.")


@frozen
class LiteLlmConfig:
    """What users say about models through litellm."""

    timeout: float = option(120.0, help="Seconds to wait for a reply.", low=0.1, high=3600.0)
    concurrency: int = option(32, help="Calls under way at once, for each model.", low=1, high=512)
    keys: Mapping[str, Secret] = option({}, help="Keys by provider; litellm's own variables where there is none.")
    addresses: Mapping[str, Annotated[str, Pattern(r"^https?://[^/\s]")]] = option(
        {}, help="Base URLs by provider; litellm's own where there is none."
    )
    prices: Mapping[str, PriceConfig] = option({}, help="Prices of models that litellm does not know, by full name.")
