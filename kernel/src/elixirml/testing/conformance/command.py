"""What every verb of the command line promises: help that explains it, and mistakes that are told as such."""

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Final

import click

from elixirml.testing.conformance.suite import Conformance, expect

__all__ = ["CommandConformance"]

_USAGE: Final = 2


class CommandConformance(Conformance[click.Command]):
    """What is promised by a verb contributed through `elixirml.hookspecs.register_commands`.

    Example:
        >>> class TestServe(CommandConformance):
        ...     def subject(self):
        ...         return serve

    .. versionadded:: 0.1
    """

    def test_it_is_a_command(self) -> None:
        """The target is a `click.Command`, made by `@click.command`."""
        found: object = self.subject()
        expect(isinstance(found, click.Command), f"The verb is {found!r}: decorate it with `@click.command`.")

    def test_help_works(self) -> None:
        """`--help` says something and ends well, without doing anything."""
        code, out, err = _said(self.subject(), "--help")
        expect(code == 0 and "Usage" in out, f"`--help` ended with {code} and said {(out or err)[:80]!r}.")

    def test_help_says_what_it_does(self) -> None:
        """The first line of the help can stand in a list of verbs."""
        expect(self.subject().get_short_help_str(), "It has no help: write a docstring; its first line is listed.")

    def test_help_has_an_example(self) -> None:
        """Nobody has to guess how it is used."""
        text = f"{self.subject().epilog or ''}\n{self.subject().help or ''}"
        fits = "Example" in text and "elixirml " in text
        expect(fits, 'The help has no example: give `epilog="Example: elixirml VERB ..."`.')

    def test_every_option_is_explained(self) -> None:
        """Each option has a line in the help."""
        options = [each for each in _parameters(self.subject()) if isinstance(each, click.Option)]
        silent = [each.opts[0] for each in options if not each.hidden and not (each.help or "").strip()]
        expect(not silent, f"{', '.join(silent)} is not explained: give `help=`.")

    def test_an_unknown_option_is_a_usage_error(self) -> None:
        """A typing mistake is told with exit code 2, and nothing else happens."""
        code, _, err = _said(self.subject(), "--no-such-option-of-tests")
        expect(code == _USAGE, f"An unknown option ended with {code} ({err[:80]!r}): do not ignore unknown options.")


def _parameters(command: click.Command) -> list[click.Parameter]:
    inner = list(command.commands.values()) if isinstance(command, click.Group) else []
    return [*command.params, *(each for one in inner for each in _parameters(one))]


def _said(command: click.Command, *arguments: str) -> tuple[int, str, str]:
    """Return the exit code of a command, and what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = _exit_code(command, arguments)
    return code, out.getvalue(), err.getvalue()


def _exit_code(command: click.Command, arguments: Sequence[str]) -> int:
    main: Callable[..., object] = command.main
    try:
        main(list(arguments), prog_name="elixirml verb")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
