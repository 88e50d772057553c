"""The middlewares keep what the suite asks of every middleware, the hook module what it asks of every plugin."""

from pathlib import Path
from typing import Any

import pytest

from elixirml.contracts import Middleware
from elixirml.testing.conformance import ConfigurationConformance, MiddlewareConformance, PluginConformance
from elixirml_resilience.breaker import Breaker
from elixirml_resilience.cache import Cache
from elixirml_resilience.coalesce import Coalesce
from elixirml_resilience.config import RecordConfig, ResilienceConfig
from elixirml_resilience.fallback import Fallback
from elixirml_resilience.gate import Gate
from elixirml_resilience.hedge import Hedge
from elixirml_resilience.rate_limit import RateLimit
from elixirml_resilience.record import Record
from elixirml_resilience.retry import Retry


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


class TestRetry(_Conformance):
    """The middleware `retry`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Retry()


class TestFallback(_Conformance):
    """The middleware `fallback`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Fallback()


class TestCache(_Conformance):
    """The middleware `cache`."""

    __test__ = True

    def subject(self) -> Middleware:
        return Cache()


class TestRecord(_Conformance):
    """The middleware `record`, as it records; a replay passes nothing on, which is what it is for."""

    __test__ = True
    file: Path

    @pytest.fixture(autouse=True)
    def _cassette(self, tmp_path: Path) -> None:
        self.file = tmp_path / "cassette.jsonl"

    def sections(self) -> dict[str, Any]:
        return {"resilience": ResilienceConfig(record=RecordConfig(self.file, "record"))}

    def subject(self) -> Middleware:
        return Record()


class TestPlugin(PluginConformance):
    """The hook module."""

    def subject(self) -> str:
        return "elixirml_resilience.plugin"


class TestConfiguration(ConfigurationConformance):
    """The section `resilience`."""

    def subject(self) -> type:
        return ResilienceConfig
