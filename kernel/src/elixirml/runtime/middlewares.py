"""The middlewares of one kernel: every model it opens is put into them, by their declared order."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol, runtime_checkable

from attrs import frozen

from elixirml.contracts.language_model import LanguageModel, ModelHost
from elixirml.contracts.middleware import Middleware
from elixirml.errors import ConfigError
from elixirml.identity import Json
from elixirml.plugins import Registry
from elixirml.variables import Space, Variable, variable

__all__ = ["MIDDLEWARES", "ConfiguredMiddleware", "Middlewares"]

MIDDLEWARES: Final = "middlewares"
"""What the paths of their variables begin with."""
_ENABLED: Final = "enabled"


@runtime_checkable
class ConfiguredMiddleware(Protocol):
    """A middleware whose variables are settings as well, so that their defaults are what users configured."""

    def configured(self, host: ModelHost) -> Mapping[str, Any]:
        """Return the configured values of its variables, by short names.

        Args:
            host: Whose configuration counts.
        """
        ...


@frozen
class _Named:
    """A middleware and what its variables are called after."""

    name: str
    middleware: Middleware

    def path(self, variable: str) -> str:
        return f"{MIDDLEWARES}.{self.name}.{variable}"

    def space(self, host: ModelHost) -> Space:
        """Return what may be tuned of it: its own variables, and whether it takes part at all."""
        said: Mapping[str, Any] = {}
        if isinstance(self.middleware, ConfiguredMiddleware):
            said = self.middleware.configured(host)
        own = [each.with_default(said[each.name]) if each.name in said else each for each in self._variables()]
        return Space(own).within(f"{MIDDLEWARES}.{self.name}")

    def options(self, values: Mapping[str, Json]) -> dict[str, Json]:
        """Return what is set of its own variables; it takes the rest from its configuration."""
        paths = {own.name: self.path(own.name) for own in self.middleware.variables()}
        return {name: values[path] for name, path in paths.items() if path in values}

    def takes_part(self, values: Mapping[str, Json]) -> bool:
        return values.get(self.path(_ENABLED), True) is not False or self._says_itself()

    def _variables(self) -> tuple[Variable, ...]:
        own = self.middleware.variables()
        if self._says_itself():
            return own
        return (variable(True, name=_ENABLED, hint=f"whether `{self.name}` takes part at all"), *own)

    def _says_itself(self) -> bool:
        """Whether a variable of its own says whether it takes part."""
        return any(each.name == _ENABLED for each in self.middleware.variables())


class Middlewares:
    """What stands between a kernel's programs and its models.

    Args:
        chosen: Names of installed middlewares, or middlewares at hand.
        registry: What is installed.

    Raises:
        PluginMissing: One is not installed; names the nearest.
        ConfigError: Two have one name.
    """

    def __init__(self, chosen: Sequence[str | Middleware], registry: Registry) -> None:
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

    @property
    def names(self) -> tuple[str, ...]:
        """The names, the outermost first."""
        return tuple(each.name for each in reversed(self._inner_first))

    def variables(self, host: ModelHost) -> tuple[Variable, ...]:
        """Return what may be tuned, by `middlewares.<name>.<variable>`; the defaults are what is in force.

        Args:
            host: Whose configuration counts.
        """
        return tuple(own for each in reversed(self._inner_first) for own in each.space(host).variables)

    def wrap(self, model: LanguageModel, host: ModelHost, *, values: Mapping[str, Json] | None = None) -> LanguageModel:
        """Return a model inside all of them.

        Args:
            model: What to call in the end.
            host: Where long-lived things are started and files are kept.
            values: Values of their variables that a run has chosen, by path.
        """
        chosen = values or {}
        for each in self._inner_first:
            if each.takes_part(chosen):
                model = each.middleware.wrap(model, options=each.options(chosen), host=host)
        return model
