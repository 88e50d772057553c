"""The plugins chosen before the verb, as in `elixirml --disable-plugin studio run ...`.

The choice holds for every kernel that the command makes, in this process and in those it starts: while the command runs
it stands in the environment, in the place of what the environment said before.
"""

import contextlib
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from attrs import define, field

from elixirml.cli.failures import PluginsInDisorder

if TYPE_CHECKING:
    from elixirml.plugins.selection import Selection

__all__ = ["chosen_selection", "environment_kept", "plugin_options", "tell_warnings"]

F = TypeVar("F", bound=Callable[..., Any])

_ONLY: Final = "ELIXIRML_PLUGINS"
_DISABLE: Final = "ELIXIRML_DISABLE_PLUGINS"
_STRICT: Final = "ELIXIRML_STRICT_PLUGINS"
_META: Final = "elixirml.choice"


@define
class _Choice:
    """What the command line says, and the environment as it was."""

    environ: Mapping[str, str] = field(factory=lambda: dict(os.environ))
    only: str | None = None
    disable: Sequence[str] = ()

    def table(self) -> dict[str, object]:
        """Return the choice as a source of settings."""
        only = {} if self.only is None else {"only": _names(self.only)}
        return {**only, "disable": [name for each in self.disable for name in _names(each)]}

    def variables(self) -> dict[str, str]:
        """Return the variables that say the same as this choice laid over the environment."""
        if self.only is not None:
            return {_ONLY: self.only, _DISABLE: ",".join(self.disable)}
        return {_DISABLE: ",".join([*self.disable, self.environ.get(_DISABLE, "")])}


def plugin_options(function: F) -> F:
    """Add the options that choose plugins for any verb."""
    options = [
        click.option(
            "--plugins",
            "only",
            metavar="NAMES",
            is_eager=True,
            expose_value=False,
            callback=_noted,
            help="Load these plugins and no others: entry names or distributions, with commas; '' for none.",
        ),
        click.option(
            "--disable-plugin",
            "disable",
            metavar="NAME",
            multiple=True,
            is_eager=True,
            expose_value=False,
            callback=_noted,
            help="Leave a plugin out; repeatable.",
        ),
        click.option(
            "--strict-plugins",
            "strict",
            is_flag=True,
            envvar=_STRICT,
            help=f"End with exit code 1 where a plugin would only get a warning; also {_STRICT}=1.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def chosen_selection() -> "Selection":
    """Return the plugins that the user wants; what the command line says is called by that name in messages.

    Raises:
        ConfigError: A settings file is broken.
    """
    from elixirml.plugins.configuration import current_selection

    context = click.get_current_context(silent=True)
    choice = None if context is None else context.find_root().meta.get(_META)
    if choice is None:
        return current_selection()
    return current_selection(choice.environ, command_line=choice.table())


@contextlib.contextmanager
def environment_kept() -> Generator[None]:
    """Let a command say what it wants in the environment, and put back afterwards what was there before."""
    before = {name: os.environ.get(name) for name in (_ONLY, _DISABLE)}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def tell_warnings(warnings: Sequence[str]) -> None:
    """Print what is wrong with plugins on standard error, one line each.

    Raises:
        PluginsInDisorder: There is a warning, and the command is strict.
    """
    for each in warnings:
        click.echo(f"warning: {each}", err=True)
    context = click.get_current_context(silent=True)
    if warnings and context is not None and context.find_root().params.get("strict"):
        raise PluginsInDisorder(len(warnings))


def _noted(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    if value is not None and value != ():
        # The options come one by one, in the order they were given; together they are laid over what was there before.
        choice = context.meta.setdefault(_META, _Choice())
        setattr(choice, str(parameter.name), value)
        os.environ.update(choice.variables())
    return value


def _names(text: str) -> list[str]:
    return [name for name in text.replace(",", " ").split() if name]
