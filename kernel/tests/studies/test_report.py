"""Tests of a study's record: its JSON, its page and its plots."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from attrs import evolve, fields

from elixirml.contracts import Usage
from elixirml.programs.state import SavedProgram, read_saved
from elixirml.studies.page import study_page
from elixirml.studies.plots import effects_plot, intervals_plot, search_plot
from elixirml.studies.report import CandidateSummary, Effect, StudyReport, Verdict
from elixirml.studies.statistics import Interval, interval, paired_test
from elixirml.variables import Assignment

NASTY = "<script>alert('x')</script> & \"q\""


@pytest.fixture
def report() -> StudyReport:
    before, after = [0.0] * 12 + [1.0] * 8, [1.0] * 18 + [0.0, 1.0]
    return StudyReport(
        study="QA-1",
        program="QA",
        metric="exact_match",
        verdict=Verdict.CONFIRMED,
        baseline=interval(before),
        tuned=interval(after),
        comparison=paired_test(before, after),
        best=SavedProgram("QA", "d", "s", "p", Assignment({"reply.temperature": 0.5, "reply.demos": ["e1"]}), {}),
        candidates=(
            CandidateSummary("c1", "thompson", {"reply.temperature": 0.5}, 40, 0.9, 0.85, 200),
            CandidateSummary("c0", "baseline", {}, 10, 0.4, 0.45, 10),
        ),
        effects=(Effect("reply.temperature", 0.6, "0.5"), Effect("reply.demos", 0.0, "none")),
        usage=Usage(calls=240, tokens_in=5000, tokens_cached=1000, tokens_out=300),
        search_calls=200,
        confirm_calls=40,
        reused_calls=7,
        seconds=12.3456,
        stop="the calls are used up",
        notes=("one note",),
    )


# JSON


def test_the_json_is_complete(report: StudyReport) -> None:
    """Every attribute of the report is in its JSON, the best program included, so nothing has to be run again."""
    data = report.to_json()
    names = {each.name for each in fields(StudyReport)}
    inside = {"comparison": "difference", **{f"{name}_calls": "usage" for name in ("search", "confirm", "reused")}}

    assert {inside.get(name, name) for name in names} == set(data)
    assert SavedProgram.from_json(data["best"]) == report.best
    assert data["usage"] == {**report.usage.to_json(), "search_calls": 200, "confirm_calls": 40, "reused_calls": 7}
    assert data["verdict"] == "confirmed"
    assert data["seconds"] == 12.346
    assert {each.name for each in fields(CandidateSummary)} == set(data["candidates"][0])  # type: ignore[index,call-overload]
    assert {each.name for each in fields(Effect)} == set(data["effects"][0])  # type: ignore[index,call-overload]


def test_the_json_is_stable(report: StudyReport) -> None:
    """Names and order are a promise to scripts; the data is JSON without NaN."""
    data = report.to_json()

    assert list(data) == [
        "study",
        "program",
        "metric",
        "unit",
        "verdict",
        "baseline",
        "tuned",
        "difference",
        "best",
        "usage",
        "seconds",
        "stop",
        "effects",
        "candidates",
        "notes",
    ]
    assert list(data["difference"]) == ["mean", "low", "high", "n", "p_value", "wins", "losses", "test"]  # type: ignore[arg-type]
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_without_a_comparison_there_is_no_difference(report: StudyReport) -> None:
    """When the baseline is kept nothing was compared, and nothing is said of a difference."""
    assert evolve(report, comparison=None).to_json()["difference"] is None


def test_a_report_saves_its_best_program_and_takes_notes(report: StudyReport, tmp_path: Path) -> None:
    """`save` writes the program and returns the report, so calls can be chained; notes are added, never replaced."""
    assert report.save(tmp_path / "best.json") is report
    assert read_saved(tmp_path / "best.json") == report.best
    assert report.with_notes("two", "three").notes == ("one note", "two", "three")
    assert report.notes == ("one note",)


# The page


class Seen(HTMLParser):
    """Collects tags, attributes and text, and refuses tags that do not close."""

    VOID = frozenset({"meta"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.extend(attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def poisoned(report: StudyReport) -> StudyReport:
    """The report with a script in every text that may come from outside."""
    assert report.comparison is not None
    return evolve(
        report,
        study=NASTY,
        program=NASTY,
        metric=NASTY,
        comparison=evolve(report.comparison, test=NASTY),
        best=evolve(report.best, assignment=Assignment({NASTY: NASTY, "n": [NASTY]})),
        candidates=tuple(evolve(each, origin=NASTY, values={NASTY: NASTY}) for each in report.candidates),
        effects=(Effect(NASTY, 0.5, NASTY),),
        stop=NASTY,
        notes=(NASTY,),
    )


def test_the_page_escapes_whatever_comes_from_outside(report: StudyReport) -> None:
    """A label, a prompt or a variable is text on the page and nothing else, wherever it stands."""
    page = study_page(
        poisoned(report), scores=[(NASTY, report.baseline), (NASTY, report.tuned)], prompt=NASTY, advice=[NASTY]
    )
    seen = Seen(page)

    assert "<script" not in page
    assert "script" not in seen.tags
    assert seen.text.count(NASTY) >= 10
    assert Seen(study_page(poisoned(report), title=NASTY, lead=NASTY)).text.count(NASTY) >= 8


def test_the_page_needs_no_script_and_no_network(report: StudyReport) -> None:
    """It opens from a disk without a connection and tells nobody that it was opened."""
    page = study_page(report, prompt="p", advice=["a"])
    seen = Seen(page)

    assert not {"script", "link", "iframe", "img", "object", "embed", "base", "form", "a"} & set(seen.tags)
    assert not {name for name, _ in seen.attributes} & {"src", "href", "srcset", "action", "xlink:href"}
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert not re.search(r"https?:|//|url\(|@import|javascript:", page)


def test_the_page_tells_what_was_found(report: StudyReport) -> None:
    """Verdict with its grounds, both scores with intervals, calls, effects, values, prompt, notes and advice."""
    text = Seen(study_page(report, prompt="the prompt", advice=["try this"])).text

    for words in (
        "QA, tuned",
        "Study QA-1, metric exact_match.",
        "confirmed",
        "12 examples won, 1 lost of 20 nobody had seen, p = 0.0017 (mcnemar_exact)",
        "95.0 % (",
        "40.0 % (",
        "200 model calls in search, 40 in confirmation",
        "The search ended: the calls are used up.",
        "reply.temperature",
        "reply.demos",
        "the prompt",
        "one note",
        "try this",
    ):
        assert words in text, words


def test_the_page_leaves_out_what_there_is_none_of(report: StudyReport) -> None:
    """No effects, no comparison, no notes, no candidates: no empty sections."""
    bare = evolve(report, effects=(), comparison=None, notes=(), candidates=(), best=evolve(report.best, assignment={}))
    text = Seen(study_page(bare)).text

    for words in ("Which variables mattered", "nobody had seen", "Notes", "What to try next", "The prompt"):
        assert words not in text, words


def test_scores_that_are_no_fractions_are_shown_in_their_unit(report: StudyReport) -> None:
    """Half a second is not 50 percent; a single score has no interval."""
    seconds = evolve(
        report,
        baseline=Interval(0.5, 0.25, 0.75, 9, 0.95),
        tuned=Interval(0.2, None, None, 1, 0.95),
        candidates=tuple(evolve(each, mean=0.5) for each in report.candidates),
        unit="seconds",
    )
    text = Seen(study_page(seconds)).text
    shown = text.partition("Scores")[2].partition("Which variables")[0]

    assert "0.5 seconds (0.25 to 0.75)" in shown
    assert "0.2 seconds" in shown
    assert "%" not in shown.replace("95 %", "")


def test_fractions_are_percent_also_where_their_interval_leaves_0_to_1(report: StudyReport) -> None:
    """A t interval of graded scores may pass 1: the page keeps to percent and to the picture."""
    graded = evolve(report, tuned=Interval(0.98, 0.93, 1.03, 9, 0.95))

    assert "98.0 % (93.0 to 103.0)" in Seen(study_page(graded)).text
    assert max(numbers(intervals_plot([("a", graded.tuned)]), "x2")) <= 860


def test_long_values_are_cut(report: StudyReport) -> None:
    """A page is for reading: a value of a thousand signs shows how it begins."""
    long = evolve(
        report,
        best=evolve(report.best, assignment=Assignment({"v": "x" * 1000})),
        effects=(Effect("v", 0.5, "y" * 100),),
    )
    page = study_page(long)

    assert "x…" in page
    assert "x" * 150 not in page
    assert "y…" in page
    assert "y" * 80 not in page


# Plots


def numbers(svg: str, name: str) -> list[float]:
    return [float(each) for each in re.findall(rf' {name}="(-?[0-9.]+)"', svg)]


@pytest.mark.parametrize(
    "rows",
    [
        [("a", interval([0.0, 1.0, 1.0]))],
        [("a", Interval(5.0, 5.0, 5.0, 3, 0.95)), ("b", Interval(5.0, None, None, 1, 0.95))],
        [("a", Interval(-3.0, -9.0, 4.0, 3, 0.95)), ("b", Interval(0.0, None, None, 0, 0.95))],
        [],
    ],
)
@pytest.mark.parametrize("unit", ["fraction", "seconds"])
def test_intervals_stay_inside_their_plot(rows: list[tuple[str, Interval]], unit: str) -> None:
    """Fractions, other units, a single value, nothing at all: every mark is inside the picture."""
    svg = intervals_plot(rows, unit=unit)

    assert all(0 <= each <= 860 for name in ("cx", "x1", "x2", "x") for each in numbers(svg, name))
    assert svg.count("<circle") == len(rows)
    assert "nan" not in svg


@pytest.mark.parametrize("unit", ["fraction", "seconds"])
@pytest.mark.parametrize("means", [(0.2, 0.9), (3.0, 3.0), (-40.0, 1e6)])
def test_candidates_stay_inside_their_plot(report: StudyReport, means: tuple[float, float], unit: str) -> None:
    """One dot a candidate, the best in the accent colour and on top, all inside the picture."""
    found = [evolve(each, mean=mean) for each, mean in zip(report.candidates, means, strict=True)]
    svg = search_plot(found, baseline=means[0], unit=unit)
    dots = re.findall(r'<circle [^>]*class="(\w+)"', svg)

    assert dots == ["calm", "accent"]
    assert all(0 <= each <= 860 for each in numbers(svg, "cx"))
    assert all(0 <= each <= 340 for each in numbers(svg, "cy"))


def test_a_search_of_no_candidate_has_no_plot() -> None:
    """Nothing was tried, so there is nothing to draw."""
    assert search_plot([], baseline=0.5) == ""


def test_effects_are_drawn_by_their_share_and_no_more_than_eight() -> None:
    """Longer bars for larger shares; the plot stays short."""
    svg = effects_plot([Effect(f"v{at}", (10 - at) / 10, "x") for at in range(10)])
    widths = numbers(svg, "width")

    assert len(widths) == 8
    assert widths == sorted(widths, reverse=True)


def test_verdicts_have_words_people_read() -> None:
    """The words are part of the JSON: scripts compare them."""
    assert [str(each) for each in Verdict] == ["confirmed", "unconfirmed", "baseline kept"]
