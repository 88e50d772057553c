"""The models of one kernel: opened once, inside its middlewares, with the values that a run has chosen for them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import anyio

from elixirml.contracts.language_model import LanguageModel, ModelHost
from elixirml.errors import BudgetExceeded, ModelUnavailable
from elixirml.identity import Json, canonical_json, digest, short
from elixirml.plugins import Registry
from elixirml.runtime.chosen import HostApart, HostWithValues, ModelWithValues, Withheld
from elixirml.runtime.middlewares import Middlewares
from elixirml.runtime.recent import Recent
from elixirml.variables import Space

if TYPE_CHECKING:
    from elixirml.config import ConfigurationStore

__all__ = ["Models"]

_KEPT: Final = 32
"""Choices of values whose models are kept: those of the candidates under way."""
_NONE: Final[Mapping[str, Json]] = {}


class Models:
    """Opens models by name, and keeps them.

    Args:
        host: The kernel they are of.
        registry: What is installed.
        middlewares: What they are put into.
        configuration: What is configured.
    """

    def __init__(
        self, host: ModelHost, *, registry: Registry, middlewares: Middlewares, configuration: "ConfigurationStore"
    ) -> None:
        self._host = host
        self._registry = registry
        self._middlewares = middlewares
        self._configuration = configuration
        self._bare: dict[str, LanguageModel] = {}
        self._opened: dict[str, LanguageModel] = {}
        self._chosen: Recent[LanguageModel] = Recent(_KEPT)
        self._limiters: dict[tuple[str, int], anyio.CapacityLimiter] = {}

    def clear(self) -> None:
        """Forget every model."""
        self._bare.clear()
        self._opened.clear()
        self._chosen.clear()
        self._limiters.clear()

    def space(self) -> Space:
        """Return what may be tuned around every model: variables of middlewares, and settings that plugins say so of.

        All are frozen, at what is in force: a study searches those that are freed by their paths.
        """
        settings = self._configuration.current.variables()
        own = self._middlewares.variables(self._host)
        return Space([each.freeze() for each in (*own, *settings)])

    def open(
        self, name: str, *, values: Mapping[str, Json] | None = None
    ) -> tuple[LanguageModel, anyio.CapacityLimiter]:
        """Return the model of a name inside the middlewares, and the limiter of its concurrency; opened once.

        Args:
            name: As `provider/model`.
            values: Values that a run has chosen for variables of `space`, by path; all others are as configured.

        Raises:
            ModelUnavailable: The name has no provider, or the provider does not know it or has not installed it.
        """
        if values:
            chosen = dict(values)
            model = self._chosen.get((name, canonical_json(chosen)), lambda: self._with_values(name, chosen))
        else:
            model = self._as_configured(name)
        places = max(1, model.concurrency)
        if (name, places) not in self._limiters:
            self._limiters[name, places] = anyio.CapacityLimiter(places)
        return model, self._limiters[name, places]

    def withheld(self, name: str, why: BudgetExceeded, *, values: Mapping[str, Json] | None = None) -> LanguageModel:
        """Return a model as `open` does that is asked nothing: what its middlewares have at hand is given all the same.

        Args:
            name: As `provider/model`.
            why: Raised where the model would be asked.
            values: As for `open`.

        Raises:
            BudgetExceeded: `why` itself: there are no middlewares that could have anything at hand.
        """
        if not self._middlewares.names:
            raise why
        model = Withheld(self.open(name, values=values)[0], why)
        host = self._host if not values else self._host_with(values)
        return self._middlewares.wrap(model, host, values=values)

    def _as_configured(self, name: str) -> LanguageModel:
        if name not in self._opened:
            self._opened[name] = self._middlewares.wrap(self._bare_model(name), self._host)
        return self._opened[name]

    def _bare_model(self, name: str) -> LanguageModel:
        if name not in self._bare:
            prefix, rest = _parts(name)
            self._bare[name] = self._registry.resolve("language_models", prefix).open(rest, self._host)
        return self._bare[name]

    def _with_values(self, name: str, values: Mapping[str, Json]) -> LanguageModel:
        host = self._host_with(values)
        prefix, rest = _parts(name)
        if self._concerns(prefix, values):
            apart = HostApart(self._host, host.configured, host.open_model, short(digest(dict(values))))
            model: LanguageModel = self._registry.resolve("language_models", prefix).open(rest, apart)
        else:
            self._as_configured(name)  # what middlewares remember is for the kernel first, and lasts as long as it does
            model = self._bare_model(name)
        return ModelWithValues(self._middlewares.wrap(model, host, values=values), values)

    def _host_with(self, values: Mapping[str, Json]) -> HostWithValues:
        settings = {path: value for path, value in values.items() if _section(path)}
        configured = self._configuration.current
        return HostWithValues(
            self._host,
            configured.with_values(settings) if settings else configured,
            lambda name: self.open(name, values=values)[0],
        )

    def _concerns(self, provider: str, values: Mapping[str, Json]) -> bool:
        """Whether a setting of the plugin that offers a provider is among those chosen: then models open anew."""
        sections = {_section(path) for path in values} - {""}
        owner = self._registry.origin("language_models", provider).distribution
        return any(self._registry.origin("configurations", each).distribution == owner for each in sections)


def _section(path: str) -> str:
    """Return the section of the configuration that a variable is a setting of; nothing for one of a middleware."""
    head, _, rest = path.partition(".")
    return rest.partition(".")[0] if head == "plugins" else ""


def _parts(name: str) -> tuple[str, str]:
    prefix, slash, rest = name.partition("/")
    if not slash or not rest:
        raise ModelUnavailable(
            f"`{name}` is not the name of a model.", hint="Write provider/model, as in local/smollm2."
        )
    return prefix, rest
