"""Plots of a study as SVG: intervals, the course of the search, effects of variables."""

from collections.abc import Sequence
from html import escape

from elixirml.studies.report import CandidateSummary, Effect
from elixirml.studies.statistics import Interval

__all__ = ["effects_plot", "intervals_plot", "search_plot"]

_WIDTH = 860.0
_LEFT = 250.0
_RIGHT = 24.0


def _svg(height: float, body: Sequence[str], *, label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {height:g}" role="img" aria-label="{escape(label)}">' + "".join(body) + "</svg>"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", soft: bool = False) -> str:
    style = ' class="soft"' if soft else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{style}>{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, *, style: str = "grid", dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{style}" stroke-width="1.5"{dash}/>'


def _range(values: Sequence[float], unit: str) -> tuple[float, float]:
    """Return the range to draw: 0 to 1 for fractions, else the values with a little air."""
    low, high = min(values), max(values)
    if unit == "fraction":
        return min(0.0, low), max(1.0, high)
    air = 0.05 * (high - low or abs(high) or 1.0)
    return low - air, high + air


def _tick(value: float, unit: str) -> str:
    return f"{100 * value:.0f} %" if unit == "fraction" else f"{value:.3g}"


def _ticks(low: float, high: float) -> list[float]:
    return [low + (high - low) * step / 5 for step in range(6)]


def intervals_plot(rows: Sequence[tuple[str, Interval]], *, unit: str = "fraction") -> str:
    """Return means with their intervals, one a row; the last row is the one to look at."""
    ends = [value for _, each in rows for value in (each.mean, each.low, each.high) if value is not None]
    low, high = _range(ends or [0.0, 1.0], unit)
    height = 34.0 * len(rows) + 36

    def at(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    body: list[str] = []
    for value in _ticks(low, high):
        body.append(_line(at(value), 6, at(value), height - 26))
        body.append(_text(at(value), height - 8, _tick(value, unit), anchor="middle", soft=True))
    for number, (name, each) in enumerate(rows):
        y = 24 + 34.0 * number
        style = "accent" if number == len(rows) - 1 else "calm"
        body.append(_text(_LEFT - 14, y + 4, name, anchor="end"))
        if each.low is not None and each.high is not None:
            body.append(
                f'<line x1="{at(each.low):.1f}" y1="{y}" x2="{at(each.high):.1f}" y2="{y}" class="{style}" '
                'stroke-width="4" stroke-linecap="round" opacity=".45"/>'
            )
        body.append(f'<circle cx="{at(each.mean):.1f}" cy="{y}" r="6" class="{style}"/>')
    return _svg(height, body, label="Scores with their 95 % intervals")


def search_plot(candidates: Sequence[CandidateSummary], *, baseline: float, unit: str = "fraction") -> str:
    """Return the course of a search: raw means over the calls spent, larger dots for more examples."""
    left, bottom, top = 56.0, 292.0, 12.0
    if not candidates:
        return ""
    low, high = _range([baseline, *[each.mean for each in candidates]], unit)
    most = max(1, *[each.calls for each in candidates])

    def x(calls: float) -> float:
        return left + calls / most * (_WIDTH - left - _RIGHT)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    body: list[str] = []
    for value in _ticks(low, high):
        body.append(_line(left, y(value), _WIDTH - _RIGHT, y(value)))
        body.append(_text(left - 8, y(value) + 4, _tick(value, unit), anchor="end", soft=True))
    for step in range(6):
        calls = most * step / 5
        body.append(_text(x(calls), bottom + 20, f"{calls:.0f}", anchor="middle", soft=True))
    body.append(_text(_WIDTH - _RIGHT, bottom + 38, "model calls", anchor="end", soft=True))
    body.append(_line(left, y(baseline), _WIDTH - _RIGHT, y(baseline), style="calm", dashed=True))
    body.append(_text(left + 6, y(baseline) - 7, "as declared, confirmed", soft=True))
    for number, each in reversed(list(enumerate(candidates))):
        radius = 2.5 + 0.9 * each.n**0.5
        style, opacity = ("accent", 0.95) if number == 0 else ("calm", 0.45)
        body.append(
            f'<circle cx="{x(each.calls):.1f}" cy="{y(each.mean):.1f}" r="{radius:.1f}" class="{style}" '
            f'opacity="{opacity}"><title>{escape(each.origin)}: {each.mean:.3f} on {each.n} examples</title></circle>'
        )
    return _svg(bottom + 46, body, label="Candidates over the course of the search")


def effects_plot(effects: Sequence[Effect], *, most: int = 8) -> str:
    """Return how much of the spread between candidates goes with each variable."""
    shown = effects[:most]
    body: list[str] = []
    for number, each in enumerate(shown):
        y = 8 + 30.0 * number
        width = each.share * (_WIDTH - _LEFT - 200)
        body.append(_text(_LEFT - 12, y + 15, each.variable, anchor="end"))
        body.append(f'<rect x="{_LEFT}" y="{y}" width="{max(1.5, width):.1f}" height="20" rx="3" class="accent"/>')
        label = f"{100 * each.share:.0f} %, best: {each.best}"
        body.append(
            _text(_LEFT + max(1.5, width) + 10, y + 15, label if len(label) < 44 else f"{label[:42]}…", soft=True)
        )
    return _svg(30.0 * len(shown) + 12, body, label="Which variables mattered")
