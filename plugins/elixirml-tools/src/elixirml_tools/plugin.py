"""Hooks of elixirml-tools. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_tools"]


@hookimpl
def register_tools() -> list[Contribution]:
    """Offer the tools; a program has only those it names."""
    return [
        Contribution("fetch", "elixirml_tools.fetch:Fetch", "reads a text from a public web address"),
        Contribution("python", "elixirml_tools.interpreter:Python", "runs Python code in a confined process"),
    ]
