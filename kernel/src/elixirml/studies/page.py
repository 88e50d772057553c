"""A study as one HTML page: no script, no network, plots as inline SVG, light and dark."""

from collections.abc import Mapping, Sequence
from html import escape

from elixirml.studies.plots import effects_plot, intervals_plot, search_plot
from elixirml.studies.report import StudyReport
from elixirml.studies.statistics import Interval

__all__ = ["study_page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2433; --soft: #667085; --line: #d5dae3; --paper: #ffffff; --card: #f6f7f9;
  --accent: #6c3fc5; --calm: #8a94a6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --soft: #9aa4b5; --line: #39414f; --paper: #14171d;
  --card: #1c2129; --accent: #b79bf2; --calm: #7d8797; } }
body { font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0; }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p.lead { color: var(--soft); margin: 0 0 1.5rem; }
.verdict { display: inline-block; padding: .15rem .7rem; border-radius: 1rem; background: var(--accent);
  color: var(--paper); font-weight: 600; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
pre { background: var(--card); padding: 1rem; border-radius: .5rem; overflow-x: auto; white-space: pre-wrap;
  font: 13.5px/1.5 ui-monospace, monospace; }
svg { width: 100%; height: auto; display: block; } svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg .soft { fill: var(--soft); } svg .grid { stroke: var(--line); } svg .accent { fill: var(--accent);
  stroke: var(--accent); } svg .calm { fill: var(--calm); stroke: var(--calm); }
ul { padding-left: 1.2rem; }
"""


def study_page(
    report: StudyReport,
    *,
    title: str | None = None,
    lead: str | None = None,
    scores: Sequence[tuple[str, Interval]] = (),
    prompt: str | None = None,
    advice: Sequence[str] = (),
) -> str:
    """Return a study as HTML.

    Args:
        report: The study.
        title: The heading; the program's name when not given.
        lead: A sentence under it.
        scores: Rows of the first table, with what they are called; baseline and tuned when not given.
        prompt: The tuned prompt as it is sent.
        advice: What to try next.
    """
    shown = list(scores) or [("as declared", report.baseline), ("tuned", report.tuned)]
    heading = title or f"{report.program}, tuned"
    sections = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="lead">{escape(lead or f"Study {report.study}, metric {report.metric}.")}</p>',
        _verdict(report),
        "<h2>Scores</h2>",
        intervals_plot(shown, unit=report.unit),
        _scores(shown, report),
        "<h2>The search</h2>",
        search_plot(report.candidates, baseline=report.baseline.mean, unit=report.unit),
        _caption(report),
    ]
    if report.effects:
        sections += ["<h2>Which variables mattered</h2>", effects_plot(report.effects)]
    sections += ["<h2>Values of the best program</h2>", _values(report.best.readable())]
    if prompt:
        sections += ["<h2>The prompt as it is sent</h2>", f"<pre>{escape(prompt)}</pre>"]
    for name, lines in (("Notes", report.notes), ("What to try next", advice)):
        if lines:
            sections += [f"<h2>{name}</h2>", "<ul>", *[f"<li>{escape(line)}</li>" for line in lines], "</ul>"]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(heading)}</title>'
        f"<style>{_STYLE}</style></head><body><main>\n" + "\n".join(sections) + "\n</main></body></html>\n"
    )


def _verdict(report: StudyReport) -> str:
    compared = report.comparison
    reason = (
        ""
        if compared is None
        else f" {compared.wins} examples won, {compared.losses} lost of {compared.n} nobody had seen, "
        f"p = {compared.p_value:.2g} ({escape(compared.test)})."
    )
    return f'<p><span class="verdict">{escape(str(report.verdict))}</span>{reason}</p>'


def _caption(report: StudyReport) -> str:
    return (
        '<p class="lead">Each dot is a candidate where it was last looked at: its raw mean, larger the more examples '
        f"it saw. The search ended: {escape(report.stop)}.</p>"
    )


def _scores(shown: Sequence[tuple[str, Interval]], report: StudyReport) -> str:
    rows = [(name, _percent(found, report.unit), str(found.n)) for name, found in shown]
    spent = (
        f"{report.search_calls} model calls in search, {report.confirm_calls} in confirmation, "
        f"{report.usage.tokens_in:,} tokens in ({report.usage.tokens_cached:,} from the prefix cache), "
        f"{report.usage.tokens_out:,} out, {report.seconds:.0f} seconds."
    )
    return _table(("program", "score, 95 % interval", "examples"), rows) + f"<p>{spent}</p>"


def _percent(found: Interval, unit: str) -> str:
    share, words, form = (100, "%", ".1f") if unit == "fraction" else (1, unit, ".3g")
    mean = f"{share * found.mean:{form}} {words}"
    if found.low is None or found.high is None:
        return mean
    return f"{mean} ({share * found.low:{form}} to {share * found.high:{form}})"


def _values(values: Mapping[str, str]) -> str:
    rows = [(path, value if len(value) < 120 else f"{value[:117]}…") for path, value in values.items()]
    return _table(("variable", "value"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
