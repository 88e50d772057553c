"""The top command: finds verbs, and turns what goes wrong in them into messages and exit codes.

Help and the list of verbs import no plugin: built-in verbs are in a table, and those of plugins are found by the
metadata of the entry-point group `elixirml.commands`.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

import click

from elixirml import __version__
from elixirml.cli.failures import report
from elixirml.errors import ConfigError, PluginFailed, PluginIncompatible, did_you_mean

__all__ = ["COMMANDS_GROUP", "elixirml"]

COMMANDS_GROUP: Final = "elixirml.commands"

_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("elixirml.cli.run:run", "Run a program once."),
    "evaluate": ("elixirml.cli.evaluate:evaluate", "Score a program on data, with intervals."),
    "optimize": ("elixirml.cli.optimize:optimize", "Tune a program's variables on data."),
    "show": ("elixirml.cli.show:show", "Show the prompt as it is sent, the graph, the variables."),
    "studies": ("elixirml.cli.studies:studies", "List and show past studies."),
    "plugins": ("elixirml.cli.plugins:plugins", "List, check, enable and disable plugins."),
}


class _Verbs(click.Group):
    """Built-in verbs and those of plugins, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(dict.fromkeys([*_VERBS, *(name for name, _ in _offered())]))

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

    def main(  # type: ignore[override]  # click's own positional parameters after `prog_name` are of no use here
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run the command line; what goes wrong becomes a message and an exit code, unless an embedder wants it."""
        arguments = sys.argv[1:] if args is None else list(args)
        try:
            extra.setdefault("obj", arguments)
            code: object = super().main(arguments, prog_name, standalone_mode=False, **extra)
        except (Exception, KeyboardInterrupt) as error:
            if not standalone_mode:
                raise
            code = report(error, as_json="--json" in arguments)
        if not standalone_mode:
            return code
        sys.exit(code if isinstance(code, int) else 0)


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
    origin = _origin(entry)
    try:
        command = entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a module that ends the process must not do so without a word
        raise PluginFailed(
            f"The verb `{entry.name}` of {origin} cannot be loaded: {type(error).__name__}: {error}",
            hint=f"pip install --upgrade --force-reinstall {origin}, or elixirml plugins disable {origin}",
        ) from error
    if not isinstance(command, click.Command):
        raise PluginIncompatible(
            f"The verb `{entry.name}` of {origin} is not a command.", hint=f"elixirml plugins disable {origin}"
        )
    return command


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: elixirml optimize qa.py:QA --train train.jsonl --out qa.json",
)
@click.version_option(__version__, prog_name="elixirml")
def elixirml() -> None:
    """Declarative, self-optimizing language-model programs."""
