"""`elixirml models`: which models there are, whether one can be used, and fetching those that are files."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import cast

import click
from attrs import frozen

from elixirml.cli.model_checks import MOST_CALLS, Examination, Finding, ModelFiles, Status
from elixirml.cli.options import home_option, json_option, opened, quiet_option
from elixirml.cli.output import aside, counted, print_json, table
from elixirml.contracts.usage import Usage
from elixirml.doors import BlockingKernel
from elixirml.errors import ConfigError, ModelUnavailable, PluginError, PluginMissing
from elixirml.identity import Json
from elixirml.runtime.kernel import Kernel

__all__ = ["models"]


@click.group(epilog="Example: elixirml models check openai/gpt-5-mini")
def models() -> None:
    """List, check and fetch models."""


@models.command("list", epilog="Example: elixirml models list --json")
@home_option
@json_option
@quiet_option
def list_(*, home: str, as_json: bool, quiet: bool) -> None:
    """List the models that the installed providers know by name.

    A provider may accept other names; those that know none are listed by their prefix.
    """
    with aside():
        kernel = opened(home=home, quiet=quiet)
        known = [each for prefix in kernel.capabilities.names("language_models") for each in _known(kernel, prefix)]
        prefixes = kernel.plugins.registry.summaries("language_models")
    named = {each.name.partition("/")[0] for each in known}
    if as_json:
        print_json({"models": [each.to_json() for each in known], "providers": dict(prefixes)})
        return
    rows = [[each.name, each.state, str(each.more.get("licence", "-")), each.summary] for each in known]
    rows += [[f"{prefix}/...", "-", "-", text] for prefix, text in prefixes.items() if prefix not in named]
    click.echo(table(rows, header=["model", "state", "licence", "what"]))


@models.command(epilog="Example: elixirml models show smollm2")
@click.argument("name")
@home_option
@json_option
@quiet_option
def show(*, name: str, home: str, as_json: bool, quiet: bool) -> None:
    """Show what is known about a model that is a file."""
    with aside():
        kept = _kept(opened(home=home, quiet=quiet), name)
        found: dict[str, Json] = {"name": kept.name, **kept.provider.about(kept.model)}
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(f"{key:<8} {value}" for key, value in found.items()))


@models.command(epilog="Example: elixirml models get smollm2")
@click.argument("name")
@home_option
@json_option
@quiet_option
def get(*, name: str, home: str, as_json: bool, quiet: bool) -> None:
    """Fetch a model into the user's cache; afterwards it works offline.

    A model that is there already is compared with its pinned SHA-256, and fetched again when it differs.
    """
    with aside():
        kernel = opened(home=home, quiet=quiet)
        kept, cache = _kept(kernel, name), kernel.cache_dir
        here = kept.provider.verify(kept.model, cache)
        path = here or kept.provider.fetch(kept.model, cache, say=_nothing if quiet else _aside)
    if as_json:
        print_json({"name": kept.name, "path": str(path), "fetched": here is None})
    else:
        click.echo(f"{kept.name} is ready" if here is None else f"{kept.name} is here already: {path}")


@models.command(epilog="Example: elixirml models check anthropic/claude-haiku-4-5")
@click.argument("name", metavar="PROVIDER/MODEL")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds a call may take."
)
@home_option
@json_option
@quiet_option
@click.pass_context
def check(context: click.Context, *, name: str, timeout: float, home: str, as_json: bool, quiet: bool) -> None:
    """Try whether a model can be used from here, and say what to do when it cannot.

    Is the name known, is there a key, does the endpoint answer; then a short reply, a JSON object, a stream, a tool
    call. The exit code is 1 when something failed. What stands between programs and models otherwise (caches, retries)
    is left out.
    """
    findings: list[Finding] = []

    def tell(finding: Finding) -> None:
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding), file=out)

    out = sys.stdout
    with aside():
        installed = opened(home=home, quiet=quiet)
        kernel = Kernel(plugins=installed.plugins, home=home, middlewares=())
        if not quiet:
            click.echo(f"At most {MOST_CALLS} short calls are made.", err=True)
        examination = Examination(kernel, name, timeout, tell)
        with BlockingKernel(kernel) as door:
            door.call(examination.run)
    if as_json:
        print_json(_report(examination, findings))
    elif examination.usage.calls and not quiet:
        click.echo(_spent(examination.usage), err=True)
    if examination.failed:
        context.exit(1)


@frozen
class _Known:
    """A model that a provider knows by name.

    Attributes:
        name: The full name.
        summary: One line.
        installed: Whether it can be used at once.
        more: What else there is to know about it.
    """

    name: str
    summary: str
    installed: bool
    more: Mapping[str, Json]

    @property
    def state(self) -> str:
        """Whether it is here, in words."""
        return "here" if self.installed else "not fetched"

    def to_json(self) -> dict[str, Json]:
        """Return it as plain data."""
        return {"name": self.name, "summary": self.summary, "installed": self.installed, **self.more}


@frozen
class _Kept:
    """A model that is a file, and who keeps it."""

    prefix: str
    model: str
    provider: ModelFiles

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.prefix}/{self.model}"


def _known(kernel: Kernel, prefix: str) -> Iterator[_Known]:
    """Yield the models of a provider; one that cannot be had is named on standard error."""
    try:
        provider = kernel.capabilities.provider(prefix)
    except PluginError as error:
        click.echo(f"warning: {error.message}", err=True)
        return
    for each in provider.models():
        size: dict[str, Json] = {} if each.size is None else {"bytes": each.size}
        more: Mapping[str, Json] = provider.about(each.name) if isinstance(provider, ModelFiles) else {}
        yield _Known(f"{prefix}/{each.name}", each.summary, each.installed, {**size, **more})


def _kept(kernel: Kernel, name: str) -> _Kept:
    """Return the model that is a file of some name, with or without its provider's prefix.

    Raises:
        ConfigError: Several providers may know it.
        ModelUnavailable: The provider's models are no files.
        PluginMissing: No such provider is installed.
    """
    prefix, slash, model = name.partition("/")
    if slash:
        provider = kernel.capabilities.provider(prefix)
        if isinstance(provider, ModelFiles):
            return _Kept(prefix, model, provider)
        raise ModelUnavailable(
            f"The models of `{prefix}` are no files that could be fetched.", hint=f"elixirml models check {name}"
        )
    keepers = dict(_keepers(kernel))
    if not keepers:
        raise PluginMissing("No installed provider keeps models as files.", hint="pip install elixirml-local")
    knowing = {each: keeper for each, keeper in keepers.items() if name in {known.name for known in keeper.models()}}
    if len(knowing or keepers) > 1:
        choices = " or ".join(f"`{each}/{name}`" for each in knowing or keepers)
        raise ConfigError(f"Several providers may know `{name}`.", hint=f"Say which one: {choices}.")
    ((prefix, keeper),) = (knowing or keepers).items()
    return _Kept(prefix, name, keeper)


def _keepers(kernel: Kernel) -> Iterator[tuple[str, ModelFiles]]:
    """Yield the providers whose models are files."""
    for prefix in kernel.capabilities.names("language_models"):
        with suppress(PluginError):
            provider = kernel.capabilities.provider(prefix)
            if isinstance(provider, ModelFiles):
                yield prefix, provider


def _aside(text: str) -> None:
    click.echo(text, err=True)


def _nothing(text: str) -> None:
    _ = text


def _line(finding: Finding) -> str:
    colours = {Status.OK: "green", Status.FAILED: "red", Status.SKIPPED: None}
    status = click.style(f"{finding.status:<8}", fg=colours[finding.status])
    code = "" if finding.code is None else f" [{finding.code}]"
    hint = "" if finding.hint is None else f" -> {finding.hint}"
    return f"{status} {finding.check:<10} {finding.message}{code}{hint}"


def _spent(usage: Usage) -> str:
    cost = "at an unknown price" if usage.money is None else f"for ${usage.money:.6f}"
    tokens = f"{usage.tokens_in} tokens in, {usage.tokens_out} out"
    return f"{counted(usage.calls, 'call')} answered: {tokens}, {cost}"


def _report(examination: Examination, findings: Sequence[Finding]) -> dict[str, Json]:
    return {
        "model": examination.name,
        "ok": not examination.failed,
        "checks": [
            {
                "name": each.check,
                "status": str(each.status),
                "message": each.message,
                "hint": each.hint,
                "code": each.code,
            }
            for each in findings
        ],
        "usage": cast("Json", examination.usage.to_json()),
    }
