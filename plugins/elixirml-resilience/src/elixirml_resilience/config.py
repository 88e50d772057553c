"""The section `[plugins.resilience]`: one table a middleware."""

from pathlib import Path
from typing import Literal

from attrs import frozen

from elixirml.config import option

__all__ = [
    "BreakerConfig",
    "CacheConfig",
    "FallbackConfig",
    "GateConfig",
    "HedgeConfig",
    "RateLimitConfig",
    "RecordConfig",
    "ResilienceConfig",
    "RetryConfig",
]


@frozen
class CacheConfig:
    """What the middleware `cache` keeps."""

    ttl: float = option(2_592_000.0, help="Seconds a reply is kept; 0 keeps it for ever.", low=0.0)
    max_bytes: int = option(1 << 30, help="Bytes of replies; the least recently used give way.", low=1 << 12)
    tenant: str = option("", help="Whose replies they are: two tenants never share one.")
    sampled: bool = option(default=False, help="Also keep replies that were sampled without a seed.")


@frozen
class RetryConfig:
    """How patient the middleware `retry` is."""

    max_retries: int = option(2, help="How often to ask again.", low=0, high=20)
    base: float = option(0.5, help="Seconds before the first retry, at most.", low=0.0, high=60.0)
    factor: float = option(2.0, help="How much longer each further wait may be.", low=1.0, high=10.0)
    cap: float = option(8.0, help="Seconds that no computed wait is longer than.", low=0.0, high=600.0)
    max_retry_after: float = option(60.0, help="Seconds a provider may ask us to wait.", low=0.0, high=3600.0)
    deadline: float | None = option(None, help="Seconds after the first attempt when no other one begins.", low=0.0)
    budget_share: float = option(0.1, help="Retries a call, on the whole.", low=0.0, high=1.0)
    budget_reserve: int = option(10, help="Retries beyond that share.", low=0, high=10_000)


@frozen
class RateLimitConfig:
    """What the provider allows each model; 0 leaves it to what its replies tell."""

    requests_per_minute: float = option(0.0, help="Requests a minute.", low=0.0)
    tokens_per_minute: float = option(0.0, help="Tokens a minute, read and written together.", low=0.0)


@frozen
class GateConfig:
    """How many calls the middleware `gate` lets through."""

    concurrency: int = option(0, help="Calls under way at one endpoint; 0 takes the model's own figure.", low=0)


@frozen
class BreakerConfig:
    """When the middleware `breaker` opens."""

    threshold: float = option(0.5, help="The share of failed calls that opens the circuit.", low=0.05, high=1.0)
    least: int = option(10, help="Calls in the window before the share means something.", low=1, high=10_000)
    window: float = option(30.0, help="Seconds looked back on.", low=1.0, high=3600.0)
    pause: float = option(15.0, help="Seconds until one call tries the model again.", low=0.1, high=3600.0)


@frozen
class FallbackConfig:
    """Who answers during an outage."""

    models: tuple[str, ...] = option((), help="Models to ask instead, as provider/model, in this order.")


@frozen
class HedgeConfig:
    """When the middleware `hedge` asks a second time."""

    quantile: float = option(0.95, help="The share of recent replies that came sooner.", low=0.5, high=0.999)
    share: float = option(0.05, help="The most calls that are made twice.", low=0.0, high=0.5)
    least: int = option(20, help="Replies seen before the first hedge.", low=1, high=1000)


@frozen
class RecordConfig:
    """The cassette of the middleware `record`."""

    file: Path = option(Path("cassette.jsonl"), help="The cassette.")
    mode: Literal["auto", "record", "replay"] = option(
        "auto", help="replay asks no model; record asks always; auto asks for what the cassette does not hold."
    )


@frozen
class ResilienceConfig:
    """What users say about the middlewares of this plugin."""

    cache: CacheConfig = option(CacheConfig(), help="Replies kept on disk.")
    retry: RetryConfig = option(RetryConfig(), help="Asking again.")
    rate_limit: RateLimitConfig = option(RateLimitConfig(), help="Requests and tokens a minute.")
    gate: GateConfig = option(GateConfig(), help="Calls under way at once.")
    breaker: BreakerConfig = option(BreakerConfig(), help="Leaving a failing model alone.")
    fallback: FallbackConfig = option(FallbackConfig(), help="Other models during an outage.")
    hedge: HedgeConfig = option(HedgeConfig(), help="Asking a second time.")
    record: RecordConfig = option(RecordConfig(), help="Cassettes.")
