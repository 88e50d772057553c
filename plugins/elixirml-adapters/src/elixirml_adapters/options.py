"""The one way adapters read the values of their own variables."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from elixirml.contracts import Capability
from elixirml.errors import ConfigError, did_you_mean
from elixirml.identity import Json

__all__ = ["Domains", "require", "settled"]

Domains: TypeAlias = Mapping[str, tuple[Json, ...]]
"""What each option may be, its default first; nothing listed means any value, null when absent."""


def settled(options: Mapping[str, Any], domains: Domains) -> dict[str, Any]:
    """Return a value for every option: the one given, or else its default.

    Raises:
        ConfigError: A name is not an option of the adapter, or a value is not in its domain.

    Example:
        >>> settled({"layout": "inline"}, {"layout": ("turns", "inline"), "notes": (True, False)})
        {'layout': 'inline', 'notes': True}
    """
    for name, value in options.items():
        if name not in domains:
            raise ConfigError(f"`{name}` is not an option of this adapter.", hint=did_you_mean(name, domains))
        if domains[name] and not any(value is known or value == known for known in domains[name]):
            known = [str(each) for each in domains[name]]
            raise ConfigError(f"Option `{name}` cannot be {value!r}.", hint=did_you_mean(str(value), known))
    return {name: options.get(name, domain[0] if domain else None) for name, domain in domains.items()}


def require(capability: Capability, *, of: frozenset[Capability], setting: str, instead: str) -> None:
    """Refuse a setting that the model cannot serve, rather than do something else in silence.

    Args:
        capability: What the setting needs.
        of: What the model can do.
        setting: The setting, as `name = value`.
        instead: What to choose for such a model.

    Raises:
        ConfigError: The model lacks the capability.
    """
    if capability not in of:
        raise ConfigError(
            f"`{setting}` needs a model with the capability `{capability}`, which this one lacks.",
            hint=f"Choose {instead}, or another model.",
            code="capability-missing",
        )
