"""Hooks of elixirml-executors. Imports nothing but the kernel's markers: loading must stay cheap."""

from elixirml.plugins import Contribution, hookimpl

__all__ = ["register_executors"]


@hookimpl
def register_executors() -> list[Contribution]:
    """Offer the executors."""
    return [
        Contribution("inprocess", "elixirml_executors.in_process:InProcess", "in this process, one task an item"),
        Contribution("process", "elixirml_executors.processes:Processes", "worker processes on this machine"),
    ]
