"""What verbs print: tables, numbers with their intervals, JSON."""

import contextlib
import json
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import click

from elixirml.contracts.language_model import ModelRequest
from elixirml.contracts.usage import Usage
from elixirml.identity import Json
from elixirml.studies.statistics import Interval

__all__ = ["aside", "counted", "print_json", "request_text", "score", "table", "usage_text", "value_text"]

_WIDEST: Final = 60
_NUMBER: Final = re.compile(r"-|-?[0-9.]+([eE][+-]?[0-9]+)?( ?(%|s|ms))?")


@contextlib.contextmanager
def aside() -> Generator[None]:
    """Send what programs and plugins print to standard error: standard output holds the answer and nothing else."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 call`, `2 calls`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def usage_text(usage: Usage, *, seconds: float) -> str:
    """Return what was used, in a line."""
    tokens = f"{usage.tokens_in} tokens in, {usage.tokens_out} out"
    return f"{counted(usage.calls, 'call')}, {tokens}, {seconds:.{2 if seconds < 10 else 0}f} s"


def print_json(data: Mapping[str, Json]) -> None:
    """Print one JSON object on standard output."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def score(found: Interval, *, unit: str = "fraction") -> str:
    """Return a mean with its interval: `52.5 % (45.6 to 59.3)` for fractions."""
    if found.n == 0:
        return "-"
    if unit != "fraction":
        ends = "" if found.low is None else f" ({found.low:.3g} to {found.high:.3g})"
        return f"{found.mean:.3g} {unit}{ends}"
    ends = "" if found.low is None or found.high is None else f" ({100 * found.low:.1f} to {100 * found.high:.1f})"
    return f"{100 * found.mean:.1f} %{ends}"


def table(rows: Sequence[Sequence[str]], *, header: Sequence[str]) -> str:
    """Return a plain text table: one line a row, long cells clipped, columns of numbers aligned at their right."""
    body = [[_clipped(cell) for cell in row] for row in rows]
    columns = list(zip(header, *body, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numbers = [bool(body) and all(_NUMBER.fullmatch(cell) for cell in column[1:]) for column in columns]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in (header, ["-" * width for width in widths], *body)
    )


def _clipped(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDEST else flat[: _WIDEST - 1] + "…"


def value_text(value: Any) -> str:
    """Return a value as people read it: text bare, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def request_text(request: ModelRequest) -> str:
    """Return a request as it is sent, with what constrains the reply."""
    parts: list[str] = []
    if request.text is not None:
        parts.append(f"{click.style('[text to continue]', bold=True)}\n{request.text}")
    for each in request.messages:
        parts.append(f"{click.style(f'[{each.role}]', bold=True)}\n{each.content}")
        parts.extend(f"{click.style('[attached]', bold=True)} {attachment}" for attachment in each.attachments)
    if request.labels:
        parts.append(f"{click.style('[labels to score]', bold=True)}\n{', '.join(map(repr, request.labels))}")
    if request.grammar:
        parts.append(f"{click.style('[grammar]', bold=True)}\n{request.grammar}")
    settings = f"temperature {request.temperature:g}, at most {request.max_tokens} tokens"
    parts.append(f"{click.style('[settings]', bold=True)}\n{settings}")
    return "\n\n".join(parts)
