"""Every rule of verbs is failed by a verb that breaks it, and by it alone."""

from typing import Any

import click
import pytest

from elixirml.testing.conformance.command import CommandConformance
from elixirml.testing.conformance.suites import suite_of

EXAMPLE = "Example: elixirml serve qa.py"


def verb(*, epilog: str | None = EXAMPLE, told: str | None = "Where to listen.", **how: Any) -> Any:
    """Return a verb, right but for what is said."""

    @click.command(epilog=epilog, **how)
    @click.option("--port", help=told)
    def serve(port: str) -> None:
        """Answer over HTTP."""

    return serve


class Broken(click.Command):
    """Cannot say how it is used."""

    def get_help(self, ctx: click.Context) -> str:
        raise click.ClickException("no help today")


class NoCommand:
    """Behaves like a verb, but is none."""

    def __getattr__(self, name: str) -> Any:
        return getattr(verb(), name)


def silent() -> Any:
    """Return a verb without a docstring."""
    made = verb()
    made.help = None
    return made


def group() -> click.Command:
    """Return a verb with verbs of its own."""

    @click.group(epilog=EXAMPLE)
    def serve() -> None:
        """Answer over HTTP."""

    serve.add_command(verb())
    return serve


RIGHT = suite_of("commands", verb)
WRONG = {
    "test_it_is_a_command": suite_of("commands", NoCommand),
    "test_help_works": suite_of("commands", lambda: verb(cls=Broken)),
    "test_help_says_what_it_does": suite_of("commands", silent),
    "test_help_has_an_example": suite_of("commands", lambda: verb(epilog="Example: serve qa.py")),
    "test_every_option_is_explained": suite_of("commands", lambda: verb(told=None)),
    "test_an_unknown_option_is_a_usage_error": suite_of(
        "commands",
        lambda: verb(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}),
    ),
}


def test_a_verb_with_verbs_of_its_own_passes(judge: Any) -> None:
    """Groups are verbs too; what they hold is looked at with them."""
    judge.passes(suite_of("commands", group))


def test_a_right_verb_passes(judge: Any) -> None:
    """Every rule is tried on a right verb, and asks nothing that it does not keep."""
    judge.passes(RIGHT)


def test_no_rule_is_without_a_wrong_verb(judge: Any) -> None:
    """A rule that nothing can break is no rule."""
    judge.is_complete(WRONG, CommandConformance)


@pytest.mark.parametrize("rule", WRONG)
def test_a_wrong_verb_fails_its_rule_alone(rule: str, judge: Any) -> None:
    """Whoever breaks one promise is told of that one, in words."""
    judge.fails_alone(WRONG[rule], rule)
