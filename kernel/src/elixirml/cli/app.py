"""The top command: finds verbs, and turns what goes wrong in them into messages and exit codes.

Help and the list of verbs import no plugin: built-in verbs are in a table, and those of plugins are found by the
metadata of the entry-point group `elixirml.commands`. Only for a verb that is in neither are the hooks asked.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Final, cast

import click

from elixirml import __version__
from elixirml.cli.choice import chosen_selection, environment_kept, plugin_options, tell_warnings
from elixirml.cli.failures import report
from elixirml.cli.verbs import hooked_verb, offered_verbs

__all__ = ["elixirml"]

_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "run": ("elixirml.cli.run:run", "Run a program once."),
    "evaluate": ("elixirml.cli.evaluate:evaluate", "Score a program on data, with intervals."),
    "optimize": ("elixirml.cli.optimize:optimize", "Tune a program's variables on data."),
    "show": ("elixirml.cli.show:show", "Show the prompt as it is sent, the graph, the variables."),
    "studies": ("elixirml.cli.studies:studies", "List and show past studies."),
    "models": ("elixirml.cli.models:models", "List, check and fetch models."),
    "check": ("elixirml.cli.check:check", "Try the rules of a contract on an installed capability."),
    "config": ("elixirml.cli.config:config", "Show, check and change settings."),
    "plugins": ("elixirml.cli.plugins:plugins", "List, check, trace, enable and disable plugins."),
}

_MENDING: Final = frozenset({"plugins", "config"})
"""Verbs that show or mend what is wrong: even a strict command begins with them."""


class _Verbs(click.Group):
    """Built-in verbs and those of plugins, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        _ = ctx
        return list(dict.fromkeys([*_VERBS, *offered_verbs()]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        _ = ctx
        if cmd_name in _VERBS:
            return _imported(_VERBS[cmd_name][0])
        offered = offered_verbs().get(cmd_name)
        return None if offered is None else offered.command()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _VERBS:
            known = self.list_commands(ctx)
            if args[0] not in known:
                return args[0], hooked_verb(args[0], known=known), args[1:]
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _ = ctx
        with formatter.section("Verbs"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _VERBS.items()])
        offered = [(name, each.summary) for name, each in offered_verbs().items() if name not in _VERBS]
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
            with environment_kept():
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


@click.command(
    cls=_Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: elixirml optimize qa.py:QA --train train.jsonl --out qa.json",
)
@click.version_option(__version__, prog_name="elixirml")
@plugin_options
@click.pass_context
def elixirml(context: click.Context, *, strict: bool) -> None:
    """Declarative, self-optimizing language-model programs."""
    asks_for_help = isinstance(context.obj, list) and bool({"-h", "--help"} & set(cast("list[str]", context.obj)))
    if strict and not asks_for_help and context.invoked_subcommand not in _MENDING:
        from elixirml.plugins.probing import inspected

        # Before the verb has begun: it raises when there is a warning.
        tell_warnings(inspected(chosen_selection()).warnings())
