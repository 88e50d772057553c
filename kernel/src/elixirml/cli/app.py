"""The top command: finds verbs, turns errors into messages and exit codes.

Help and the list of verbs import no plugin: built-in verbs are in a table, and those of plugins are found by the
metadata of the entry-point group `elixirml.commands`.

Exit codes: 0 done, 1 a check failed, 2 the user's input is at fault, 3 a model or plugin failed, 130 interrupted.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, NoReturn

import click

from elixirml import __version__
from elixirml.errors import (
    AssertionFailed,
    BudgetExceeded,
    ConfigError,
    DeclarationError,
    ElixirError,
    PluginMissing,
    StateError,
    ValidationError,
    did_you_mean,
)

__all__ = ["COMMANDS_GROUP", "elixirml", "exit_code"]

COMMANDS_GROUP: Final = "elixirml.commands"

_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("elixirml.cli.run:run", "Run a program once."),
    "evaluate": ("elixirml.cli.evaluate:evaluate", "Score a program on data, with intervals."),
    "optimize": ("elixirml.cli.optimize:optimize", "Tune a program's variables on data."),
    "show": ("elixirml.cli.show:show", "Show the prompt as it is sent, the graph, the variables."),
    "studies": ("elixirml.cli.studies:studies", "List and show past studies."),
    "plugins": ("elixirml.cli.plugins:plugins", "List, check, enable and disable plugins."),
}

_USER_ERRORS = (ConfigError, DeclarationError, ValidationError, StateError, PluginMissing)
_FAILED_CHECKS = (AssertionFailed, BudgetExceeded)


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, _FAILED_CHECKS):
        return 1
    return 2 if isinstance(error, _USER_ERRORS) else 3


class _Verbs(click.Group):
    """Built-in verbs and those of plugins, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return [*_VERBS, *(name for name, _ in _offered() if name not in _VERBS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _ = ctx
        if cmd_name in _VERBS:
            return _imported(_VERBS[cmd_name][0])
        for name, entry in _offered():
            if name == cmd_name:
                return _loaded(entry)
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        known = self.list_commands(ctx)
        if args and not args[0].startswith("-") and args[0] not in known:
            raise click.UsageError(f"There is no verb `{args[0]}`. {did_you_mean(args[0], known)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _ = ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _VERBS.items()])
        offered = [(name, f"from {_origin(entry)}") for name, entry in _offered() if name not in _VERBS]
        if offered:
            with formatter.section("Verbs of plugins"):
                formatter.write_dl(offered)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (ElixirError, KeyboardInterrupt) as error:
            _fail(error)


def _imported(target: str) -> click.Command:
    module, _, attribute = target.partition(":")
    command: click.Command = getattr(import_module(module), attribute)
    return command


def _offered() -> Iterator[tuple[str, Any]]:
    """Yield the verbs that installed plugins offer, those of disabled plugins left out; imports none of them."""
    from importlib.metadata import entry_points

    found = sorted(entry_points(group=COMMANDS_GROUP), key=lambda entry: (entry.name, _origin(entry)))
    if not found:
        return
    allowed = _allowed()
    for entry in found:
        if allowed is None or _origin(entry) in allowed:
            yield entry.name, entry


def _origin(entry: Any) -> str:
    return str(entry.dist.name) if entry.dist is not None else "an unknown distribution"


def _allowed() -> set[str] | None:
    """Return the distributions the user's configuration allows; None when it cannot be read."""
    from elixirml.plugins import current_selection, discover, select

    try:
        return {each.distribution for each in select(discover(), current_selection()).chosen}
    except ConfigError:
        return None


def _loaded(entry: Any) -> click.Command:
    try:
        command = entry.load()
    except Exception as error:
        raise click.ClickException(
            f"The verb `{entry.name}` of {_origin(entry)} cannot be loaded: {type(error).__name__}: {error}\n"
            f"  Mend it: pip install --upgrade --force-reinstall {_origin(entry)}"
        ) from error
    if not isinstance(command, click.Command):
        raise click.ClickException(f"The verb `{entry.name}` of {_origin(entry)} is not a command.")
    return command


def _fail(error: BaseException) -> NoReturn:
    if isinstance(error, KeyboardInterrupt):
        click.echo("Interrupted. Nothing scored so far is lost.", err=True)
        sys.exit(130)
    code = getattr(error, "code", "error")
    click.echo(f"{type(error).__name__} [{code}]: {error}", err=True)
    if "--json" in sys.argv:
        message, hint = getattr(error, "message", str(error)), getattr(error, "hint", None)
        click.echo(json.dumps({"error": {"code": code, "message": message, "hint": hint}}, ensure_ascii=False))
    sys.exit(exit_code(error))


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: elixirml optimize qa.py:QA --train train.jsonl --budget calls=600 --out qa.json",
)
@click.version_option(__version__, prog_name="elixirml")
def elixirml() -> None:
    """Declarative, self-optimizing language-model programs."""
