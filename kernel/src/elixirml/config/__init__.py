"""Layered configuration: typed sections, where each value came from, and secrets that stay secret.

A plugin declares its section as an attrs class, and the kernel reads it from the user's file, the project's file, the
environment and explicit values, the last of these being the strongest:

    @frozen
    class HttpConfig:
        timeout: float = option(60.0, help="Seconds to wait for a reply.", low=0.1, high=3600.0, tunable=True)
        key: Secret | None = option(None, help="The key of the service.", env="OPENAI_API_KEY")

    configuration = load_configuration({"http": HttpConfig})
    configuration.section("http", HttpConfig).timeout
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from elixirml.config.configuration import Configuration, Setting
    from elixirml.config.files import read_toml, user_file
    from elixirml.config.kernel import KernelConfig
    from elixirml.config.loading import (
        Sources,
        check_configuration,
        load_configuration,
        registered_programs,
        written_setting,
    )
    from elixirml.config.options import Option, option
    from elixirml.config.origins import Fault, LayerName, Origin
    from elixirml.config.secret import Secret
    from elixirml.config.store import ConfigurationObserver, ConfigurationStore

__all__ = [
    "Configuration",
    "ConfigurationObserver",
    "ConfigurationStore",
    "Fault",
    "KernelConfig",
    "LayerName",
    "Option",
    "Origin",
    "Secret",
    "Setting",
    "Sources",
    "check_configuration",
    "load_configuration",
    "option",
    "read_toml",
    "registered_programs",
    "user_file",
    "written_setting",
]

_HOMES: Final = {
    "Configuration": "configuration",
    "ConfigurationObserver": "store",
    "ConfigurationStore": "store",
    "Fault": "origins",
    "KernelConfig": "kernel",
    "LayerName": "origins",
    "Option": "options",
    "Origin": "origins",
    "Secret": "secret",
    "Setting": "configuration",
    "Sources": "loading",
    "check_configuration": "loading",
    "load_configuration": "loading",
    "option": "options",
    "read_toml": "files",
    "registered_programs": "loading",
    "user_file": "files",
    "written_setting": "loading",
}


def __getattr__(name: str) -> object:
    """Import a public name on its first use: reading which plugins are wanted needs next to nothing of this."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
