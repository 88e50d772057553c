"""The middlewares keep what the suite asks of every middleware, the hook module what it asks of every plugin."""

from typing import Any

from elixirml.contracts import Middleware
from elixirml.testing.conformance import MiddlewareConformance, PluginConformance
from elixirml_resilience.breaker import Breaker
from elixirml_resilience.coalesce import Coalesce
from elixirml_resilience.config import ResilienceConfig
from elixirml_resilience.gate import Gate
from elixirml_resilience.hedge import Hedge
from elixirml_resilience.rate_limit import RateLimit


class _Conformance(MiddlewareConformance):
    """What every middleware here is asked, with the configuration it has when nobody says anything."""

    __test__ = False

    def sections(self) -> dict[str, Any]:
        return {"resilience": ResilienceConfig()}


class TestCoalesce(_Conformance):
    """The middleware `coalesce`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Coalesce()


class TestGate(_Conformance):
    """The middleware `gate`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Gate()


class TestBreaker(_Conformance):
    """The middleware `breaker`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Breaker()


class TestHedge(_Conformance):
    """The middleware `hedge`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Hedge()


class TestRateLimit(_Conformance):
    """The middleware `rate_limit`."""

    __test__ = True

    def subject(self) -> Middleware:
        return RateLimit()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_resilience.plugin"
