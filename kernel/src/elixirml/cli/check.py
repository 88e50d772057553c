"""`elixirml check`: whether an installed capability keeps the promises of its contract."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, chdir
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import click
from attrs import frozen

from elixirml.cli.options import home_option, json_option, opened, quiet_option
from elixirml.cli.output import aside, print_json
from elixirml.contracts.contribution import Contribution
from elixirml.errors import ConfigError
from elixirml.identity import Json
from elixirml.plugins import PluginManager
from elixirml.runtime.kernel import Kernel
from elixirml.testing.conformance.cases import CaseJudge, cases_of, read_cases
from elixirml.testing.conformance.plugin import capability_of, target_of
from elixirml.testing.conformance.suite import Conformance, Outcome, Status, checked
from elixirml.testing.conformance.suites import contribution_of, kind_of, suite_of

__all__ = ["check"]


@click.command(epilog="Example: elixirml check adapter json --cases replies.jsonl")
@click.argument("kind", metavar="KIND")
@click.argument("name", metavar="NAME")
@click.option(
    "--cases",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Try the rows of a table instead of the rules: JSON lines with id, input and expected.",
)
@home_option
@json_option
@quiet_option
@click.pass_context
def check(
    context: click.Context, *, kind: str, name: str, cases: Path | None, home: str, as_json: bool, quiet: bool
) -> None:
    """Try the rules of a contract on an installed capability.

    KIND is what it is: adapter, predictor, teleprompter, metric, tool, dataset, retriever, executor, store, observer,
    middleware, language-model, schema, command, configuration, extension, or plugin. NAME is its name; of a model,
    PROVIDER/MODEL, which is asked some thirty times. The rules are those of `elixirml.testing.conformance`.
    """
    with aside():
        kernel = opened(home=home, quiet=quiet)
        checks = _Checks(kernel.plugins, home, kind_of(kind), name)
        outcomes = checks.rules() if cases is None else checks.cases(cases)
    if as_json:
        print_json(_json(checks, outcomes))
    else:
        _print(outcomes, quiet=quiet, skips=cases is None)
    if _of(outcomes, Status.FAILED):
        context.exit(1)


@frozen
class _Checks:
    """What can be tried on one capability."""

    plugins: PluginManager
    home: str
    kind: str
    name: str

    def rules(self) -> tuple[Outcome, ...]:
        """Try every rule."""
        return checked(self._suite())

    def cases(self, path: Path) -> tuple[Outcome, ...]:
        """Try every row of a table.

        Raises:
            ConfigError: None of them can be tried.
        """
        rows = read_cases(path)
        contribution = contribution_of(self.plugins, self.kind, self.name)
        subject = capability_of(self.kind, contribution)
        outcomes = cases_of(self.kind, self.name, subject, rows, judge=_judge(contribution))
        if len(_of(outcomes, Status.SKIPPED)) == len(outcomes):
            reasons = sorted({each.message for each in outcomes})
            raise ConfigError(
                f"None of the {len(outcomes)} rows of {path} can be tried on `{self.name}` among the {self.kind}.",
                hint=" ".join(reasons[:3]) or "The file holds no rows.",
            )
        return outcomes

    def _suite(self) -> type[Conformance[Any]]:
        if self.kind == "plugins":
            module = self.plugins[self.name].candidate.target
            return suite_of(self.kind, lambda: module)
        offered, _, model = self.name.partition("/") if self.kind == "language_models" else (self.name, "", "")
        contribution = contribution_of(self.plugins, self.kind, offered)
        return suite_of(self.kind, self._maker(contribution), **self._settings(contribution, model))

    def _maker(self, contribution: Contribution) -> Callable[[], object]:
        if self.kind in {"configurations", "extensions"}:
            return lambda: target_of(contribution)
        return lambda: capability_of(self.kind, contribution)

    def _settings(self, contribution: Contribution, model: str) -> Mapping[str, object]:
        """Return what the suite is told of this installation."""
        plugins, home = self.plugins, self.home

        @asynccontextmanager
        async def host(_suite: object) -> AsyncGenerator[Kernel]:
            async with Kernel(plugins=plugins, home=home, middlewares=()) as kernel:
                yield kernel

        @asynccontextmanager
        async def fresh_host(_suite: object) -> AsyncGenerator[Kernel]:
            with TemporaryDirectory() as folder, chdir(folder):  # what it keeps must not meet the user's, nor last
                place = Path(folder)
                async with Kernel(plugins=plugins, home=place, cache=place, middlewares=()) as kernel:
                    yield kernel

        match self.kind:
            case "language_models":
                named = {"model": _returning(model)} if model else {}
                return {"host": host, "prefix": contribution.name, "backends": ("asyncio",), **named}
            case "middlewares":
                return {"host": fresh_host}
            case "extensions":
                sections = dict(Kernel(plugins=plugins, home=home).config.current.sections)
                return {"sections": _returning(sections)}
            case _:
                return {}


def _returning(value: object) -> Callable[[object], object]:
    """Return a method of a suite that returns this."""

    def method(suite: object) -> object:
        _ = suite
        return value

    return method


def _judge(contribution: Contribution) -> CaseJudge | None:
    """Return what a plugin itself says of the rows of tables: `<package>.cases.judged`, if there is such a module."""
    package = contribution.module.partition(".")[0]
    try:
        there = find_spec(f"{package}.cases") is not None
    except ModuleNotFoundError:  # the plugin is one module
        there = False
    return cast("CaseJudge", import_module(f"{package}.cases").judged) if there else None


def _of(outcomes: Sequence[Outcome], status: Status) -> list[Outcome]:
    return [each for each in outcomes if each.status is status]


def _json(checks: _Checks, outcomes: Sequence[Outcome]) -> dict[str, Json]:
    def listed(status: Status) -> list[Json]:
        return [{"name": each.name, "promise": each.promise, "message": each.message} for each in _of(outcomes, status)]

    return {
        "kind": checks.kind,
        "name": checks.name,
        "counts": {str(each): len(_of(outcomes, each)) for each in Status},
        "failed": listed(Status.FAILED),
        "skipped": listed(Status.SKIPPED),
    }


def _print(outcomes: Sequence[Outcome], *, quiet: bool, skips: bool) -> None:
    for each in _of(outcomes, Status.FAILED):
        click.echo(f"{click.style('failed', fg='red')}   {_title(each)}\n         {each.message}")
    for each in _of(outcomes, Status.SKIPPED) if skips and not quiet else ():
        click.echo(f"skipped  {_title(each)}\n         {each.message}")
    click.echo(", ".join(f"{len(_of(outcomes, each))} {each}" for each in Status))


def _title(outcome: Outcome) -> str:
    name = outcome.name.removeprefix("test_")
    return f"{name}: {outcome.promise}" if outcome.promise else name
