"""Hooks of elixirml-http. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_configurations", "register_language_models"]


@hookimpl
def register_language_models() -> list[Contribution]:
    """Offer the providers."""
    return [
        Contribution("openai", "elixirml_http.providers:OpenAI", "OpenAI, and what OPENAI_BASE_URL points to"),
        Contribution("anthropic", "elixirml_http.providers:Anthropic", "Anthropic's Claude models"),
        Contribution("http", "elixirml_http.providers:Endpoints", "http/ENDPOINT/MODEL: vLLM, Ollama, any base URL"),
    ]


@hookimpl
def register_configurations() -> list[Contribution]:
    """Offer the section `[plugins.http]`."""
    return [Contribution("http", "elixirml_http.config:HttpConfig", "endpoints, keys, time limits and prices")]
