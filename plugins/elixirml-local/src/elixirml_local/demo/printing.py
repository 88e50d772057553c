"""What the demonstration prints at its end."""

import click

from elixirml.cli.output import score, table
from elixirml_local.demo.run import ADVICE, METRIC, DemoResult

__all__ = ["print_demo"]


def print_demo(found: DemoResult, *, saved: str, report: str) -> None:
    """Print scores, verdict, which variables mattered, the tuned prompt, and what to try next."""
    study = found.study
    rows = [
        [each.name, score(each.evaluation.metrics[METRIC]), str(each.evaluation.usage.calls)] for each in found.rows
    ]
    click.echo(table(rows, header=["program", "right, 95 % interval", "calls to measure"]))
    compared = study.comparison
    reason = ""
    if compared is not None:
        reason = (
            f": on {compared.n} unseen rows {compared.wins} won, {compared.losses} lost, p = {compared.p_value:.2g}"
        )
    click.echo(f"\nverdict: {click.style(str(study.verdict), bold=True)}{reason}")
    click.echo(
        f"tuning: {study.search_calls} calls in search, {study.confirm_calls} in confirmation, "
        f"{len(study.candidates)} candidates, {study.seconds:.0f} s; everything: {found.usage.calls} calls, "
        f"{found.usage.tokens_in + found.usage.tokens_out:,} tokens ({found.usage.tokens_cached:,} cached), "
        f"{found.seconds:.0f} s"
    )
    if study.effects:
        click.echo("\nwhich variables mattered")
        effects = [[each.variable, f"{100 * each.share:.0f} %", each.best] for each in study.effects[:6]]
        click.echo(table(effects, header=["variable", "share of the spread", "best value"]))
    click.echo(f"\nthe tuned prompt, as it is sent\n\n{_indented(found.prompt)}")
    for note in study.notes:
        click.echo(f"\nnote: {note}")
    click.echo(f"\nsaved program: {saved}\nreport: {report}\n\nwhat to try next")
    for line in ADVICE:
        click.echo(f"  {line}")


def _indented(text: str) -> str:
    return "\n".join(f"  | {line}" for line in text.splitlines())
