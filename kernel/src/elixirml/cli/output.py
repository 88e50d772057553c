"""What verbs print: tables, numbers with their intervals, JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click

from elixirml.contracts.language_model import ModelRequest
from elixirml.identity import Json
from elixirml.studies.statistics import Interval

__all__ = ["print_json", "request_text", "score", "table", "value_text"]

_WIDEST = 60


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
    """Return a plain text table; columns of numbers are right-aligned by their header's own width."""
    lines = [list(header), *[[_clipped(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in (lines[0], rule, *lines[1:])
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
    parts.extend(f"{click.style(f'[{each.role}]', bold=True)}\n{each.content}" for each in request.messages)
    if request.labels:
        parts.append(f"{click.style('[labels to score]', bold=True)}\n{', '.join(map(repr, request.labels))}")
    if request.grammar:
        parts.append(f"{click.style('[grammar]', bold=True)}\n{request.grammar}")
    settings = f"temperature {request.temperature:g}, at most {request.max_tokens} tokens"
    parts.append(f"{click.style('[settings]', bold=True)}\n{settings}")
    return "\n\n".join(parts)
