"""The middlewares of one kernel: every model it opens is put into them, by their declared order."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from elixirml.contracts.language_model import LanguageModel, ModelHost
from elixirml.contracts.middleware import Middleware
from elixirml.errors import ConfigError, did_you_mean
from elixirml.plugins import Registry
from elixirml.variables import Variable

__all__ = ["Middlewares"]


@frozen
class _Named:
    """A middleware and what its variables are called after."""

    name: str
    middleware: Middleware


class Middlewares:
    """What stands between a kernel's programs and its models.

    Args:
        chosen: Names of installed middlewares, or middlewares at hand.
        registry: What is installed.
        settings: Values of their variables that differ from the defaults, by `name.variable`.

    Raises:
        PluginMissing: One is not installed; names the nearest.
        ConfigError: Two have one name, or a setting is of no variable.
        ValidationError: A setting is no value of its variable.
    """

    def __init__(
        self,
        chosen: Sequence[str | Middleware],
        registry: Registry,
        *,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        named = [
            _Named(each, registry.resolve("middlewares", each))
            if isinstance(each, str)
            else _Named(type(each).__name__.lower(), each)
            for each in chosen
        ]
        names = [each.name for each in named]
        if twice := {each for each in names if names.count(each) > 1}:
            raise ConfigError(f"The middleware `{min(twice)}` is named twice.", hint="Name each once.")
        # The outermost has the smallest order, so it is put around the others last.
        self._inner_first = sorted(named, key=lambda each: each.middleware.order, reverse=True)
        self._values: dict[str, Any] = {}
        self._set(settings or {})

    @property
    def names(self) -> tuple[str, ...]:
        """The names, the outermost first."""
        return tuple(each.name for each in reversed(self._inner_first))

    def variables(self) -> tuple[Variable, ...]:
        """Return what may be tuned, by `name.variable`; a default is what is set, or the middleware's own."""
        found: list[Variable] = []
        for each in reversed(self._inner_first):
            for own in each.middleware.variables():
                bound = own.bound(f"{each.name}.{own.name}")
                given = bound.name in self._values
                found.append(bound.with_default(self._values[bound.name]) if given else bound)
        return tuple(found)

    def wrap(self, model: LanguageModel, host: ModelHost) -> LanguageModel:
        """Return a model inside all of them."""
        for each in self._inner_first:
            model = each.middleware.wrap(model, options=self._options(each), host=host)
        return model

    def _options(self, named: _Named) -> dict[str, Any]:
        """Return what is set; a middleware takes the rest from its configuration."""
        paths = {own.name: f"{named.name}.{own.name}" for own in named.middleware.variables()}
        return {name: self._values[path] for name, path in paths.items() if path in self._values}

    def _set(self, settings: Mapping[str, Any]) -> None:
        known = {each.name: each for each in self.variables()}
        for path, value in settings.items():
            if path not in known:
                raise ConfigError(
                    f"No middleware of this kernel has the setting `{path}`.", hint=did_you_mean(path, known)
                )
            self._values[path] = known[path].canonical(value)
