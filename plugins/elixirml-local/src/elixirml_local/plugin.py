"""Hooks of elixirml-local. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl


@hookimpl
def register_language_models() -> list[Contribution]:
    """Offer the models that run in a child process on this machine."""
    return [Contribution("local", "elixirml_local.provider:LocalProvider", "embedded models, run by llama.cpp")]
