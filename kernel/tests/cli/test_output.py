"""Tables, numbers and live lines: how results look, in a terminal and in a log."""

import io
import sys

import pytest

from elixirml.cli.output import counted, score, table, usage_text, value_text
from elixirml.cli.progress import Line, RowProgress, StudyProgress, bar
from elixirml.contracts import Usage
from elixirml.contracts.observer import Event
from elixirml.studies.ledger import Row
from elixirml.studies.statistics import Interval


class Screen(io.StringIO):
    """Standard error of a terminal."""

    def isatty(self) -> bool:
        """Say yes."""
        return True


def test_a_table_aligns_text_left_and_numbers_right() -> None:
    """Columns that hold numbers alone are read from their ends."""
    shown = table([["a", "1"], ["bcd", "100"], ["e", "-"]], header=["name", "n"])
    assert shown == "name    n\n----  ---\na       1\nbcd   100\ne       -"


def test_a_table_keeps_each_row_on_its_line() -> None:
    """Line ends become spaces, and what is too long is clipped with a sign."""
    cell = table([["first\nsecond " + "x" * 80]], header=["text"]).splitlines()[2]
    assert cell.startswith("first second x")
    assert (len(cell), cell[-1]) == (60, "…")


def test_a_table_without_rows_is_its_header() -> None:
    """No rows are no error."""
    assert table([], header=["a", "bc"]) == "a  bc\n-  --"


@pytest.mark.parametrize(
    ("found", "unit", "text"),
    [
        (Interval(0.525, 0.456, 0.593, 200, 0.95), "fraction", "52.5 % (45.6 to 59.3)"),
        (Interval(1.0, None, None, 1, 0.95), "fraction", "100.0 %"),
        (Interval(12.345, 11.0, 13.0, 9, 0.95), "tokens", "12.3 tokens (11 to 13)"),
        (Interval(2.0, None, None, 1, 0.95), "seconds", "2 seconds"),
        (Interval(0.0, None, None, 0, 0.95), "fraction", "-"),
    ],
)
def test_a_score_is_written_with_its_interval(found: Interval, unit: str, text: str) -> None:
    """Fractions are per cent; everything else keeps its unit; no examples are no score."""
    assert score(found, unit=unit) == text


def test_numbers_agree_with_their_nouns() -> None:
    """One call, two calls."""
    assert [counted(0, "call"), counted(1, "call"), counted(2, "call")] == ["0 calls", "1 call", "2 calls"]
    assert usage_text(Usage(calls=1, tokens_in=14, tokens_out=1), seconds=0.25) == "1 call, 14 tokens in, 1 out, 0.25 s"
    assert usage_text(Usage(calls=80), seconds=83.2).endswith(", 83 s")


def test_values_are_bare_text_or_json() -> None:
    """Text is read without quotes; everything else as in a file."""
    assert [value_text("é"), value_text(["é", 1]), value_text(None)] == ["é", '["é", 1]', "null"]


@pytest.mark.parametrize(("done", "total", "filled"), [(0, 10, 0), (5, 10, 12), (20, 10, 24), (1, 0, 0)])
def test_a_bar_is_filled_as_far_as_the_work(done: float, total: float, filled: int) -> None:
    """Never more than full, and empty where there is nothing to do."""
    assert bar(done, total) == "█" * filled + "░" * (24 - filled)


def test_a_live_line_is_drawn_over_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a terminal one line is drawn again, and nothing is left of it at the end."""
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    line = Line()
    line.show("working")
    line.show("working too soon")
    line.say("a fact")
    line.close()
    assert screen.getvalue() == "\r\x1b[Kworking\r\x1b[Ka fact\n"


def test_a_log_holds_no_lines_of_a_short_work(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal only facts are said, and progress now and then."""
    line = Line()
    line.show("working")
    line.say("a fact")
    line.close()
    assert capsys.readouterr().err == "a fact\n"


def test_a_quiet_line_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """`--quiet` silences facts too."""
    line = Line(quiet=True)
    line.say("a fact")
    assert capsys.readouterr().err == ""


def test_rows_are_counted_with_mean_and_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live line of an evaluation shows how far it is and how it goes."""
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    progress = RowProgress(total=4)
    progress.row(Row("r1", {"exact_match": 0.0}, fault="parse"))
    progress.close()
    assert "1/4  mean 0.000, 1 fault" in screen.getvalue()


def event(name: str, **data: object) -> Event:
    """Return an event of a study."""
    return Event(name, run="study", span="s1", parent=None, at=0.0, data=data)


def test_a_study_is_told_in_phases(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept for the confirmation is said at the start, and the confirmation once it makes calls."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    progress = StudyProgress()
    assert not progress.begun
    progress.notify(event("study.phase", phase="search", calls=60, confirm=20))
    assert progress.begun
    trial = {"origin": "initial", "n": 24, "candidates": 2, "calls": 24, "limit": 40, "seconds": 3.0}
    progress.notify(event("study.trial", candidate="a", mean=0.5, **trial))
    progress.notify(event("model.end"))
    progress.notify(event("study.phase", phase="confirm", examples=10))
    assert "confirming" not in screen.getvalue()
    progress.notify(event("model.end"))
    progress.close()
    assert "searching with 40 calls, 20 kept to confirm\n" in screen.getvalue()
    assert "24/40 calls  2 candidates  best so far 0.50 on 24  3 s" in screen.getvalue()
    assert "confirming on 10 examples nobody has seen\n" in screen.getvalue()
