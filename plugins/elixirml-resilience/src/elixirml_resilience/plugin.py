"""Hooks of elixirml-resilience. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_configurations", "register_middlewares"]


@hookimpl
def register_middlewares() -> list[Contribution]:
    """Offer the middlewares."""
    return [
        Contribution("record", "elixirml_resilience.record:Record", "writes exchanges to a cassette, and replays them"),
        Contribution("cache", "elixirml_resilience.cache:Cache", "keeps replies on disk, across processes"),
        Contribution("coalesce", "elixirml_resilience.coalesce:Coalesce", "asks once for identical calls under way"),
        Contribution("fallback", "elixirml_resilience.fallback:Fallback", "asks other models during an outage"),
        Contribution("hedge", "elixirml_resilience.hedge:Hedge", "asks a second time when a reply is slow to come"),
        Contribution("retry", "elixirml_resilience.retry:Retry", "asks again, with patience and within a budget"),
        Contribution("breaker", "elixirml_resilience.breaker:Breaker", "leaves a failing model alone for a while"),
        Contribution("rate_limit", "elixirml_resilience.rate_limit:RateLimit", "keeps to requests and tokens a minute"),
        Contribution("gate", "elixirml_resilience.gate:Gate", "bounds the calls under way at one endpoint"),
    ]


@hookimpl
def register_configurations() -> list[Contribution]:
    """Offer the section `[plugins.resilience]`."""
    return [
        Contribution("resilience", "elixirml_resilience.config:ResilienceConfig", "patience, limits, caches, cassettes")
    ]
