"""Hooks of elixirml-litellm. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_configurations", "register_language_models"]


@hookimpl
def register_language_models() -> list[Contribution]:
    """Offer the provider."""
    return [
        Contribution("litellm", "elixirml_litellm.provider:LiteLlm", "litellm/PROVIDER/MODEL: what litellm can reach")
    ]


@hookimpl
def register_configurations() -> list[Contribution]:
    """Offer the section `[plugins.litellm]`."""
    return [Contribution("litellm", "elixirml_litellm.config:LiteLlmConfig", "keys, addresses, limits and prices")]
