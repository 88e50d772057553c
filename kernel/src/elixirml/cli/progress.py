"""Progress on standard error: one live line in a terminal, a few plain lines anywhere else."""

import sys
from shutil import get_terminal_size
from time import monotonic
from typing import Any

import click

from elixirml.cli.output import counted
from elixirml.contracts.observer import Event
from elixirml.studies.ledger import Row

__all__ = ["Line", "RowProgress", "StudyProgress", "bar"]

_REDRAW_S = 0.1
_PLAIN_S = 10.0


def bar(done: float, total: float, *, width: int = 24) -> str:
    """Return a bar: filled as far as `done` of `total`."""
    filled = 0 if total <= 0 else round(width * min(1.0, done / total))
    return "█" * filled + "░" * (width - filled)


class Line:
    """One line that is drawn again and again; where there is no terminal, a line now and then."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._drawn = 0.0 if self._live else monotonic()
        self._open = False

    def show(self, text: str) -> None:
        """Show a state; states in quick succession are skipped."""
        now = monotonic()
        if self._quiet or now - self._drawn < (_REDRAW_S if self._live else _PLAIN_S):
            return
        self._drawn = now
        if self._live:
            click.echo(f"\r\x1b[K{text[: get_terminal_size().columns - 1]}", nl=False, err=True)
            self._open = True
        else:
            click.echo(text, err=True)

    def say(self, text: str) -> None:
        """Say something that stays."""
        if self._quiet:
            return
        self.close()
        click.echo(text, err=True)

    def close(self) -> None:
        """Remove the live line."""
        if self._open:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._open = False


class RowProgress:
    """Counts scored rows."""

    def __init__(self, *, quiet: bool = False, title: str = "evaluating", total: int | None = None) -> None:
        self._line = Line(quiet=quiet)
        self._title = title
        self._total = total
        self._rows = 0
        self._sum = 0.0
        self._faults = 0

    def row(self, row: Row) -> None:
        """Count one row."""
        self._rows += 1
        self._sum += next(iter(row.scores.values()), 0.0)
        self._faults += row.fault is not None
        done = (
            f"{bar(self._rows, self._total)} {self._rows}/{self._total}" if self._total else counted(self._rows, "row")
        )
        faults = f", {counted(self._faults, 'fault')}" if self._faults else ""
        self._line.show(f"{self._title}  {done}  mean {self._sum / self._rows:.3f}{faults}")

    def close(self) -> None:
        """Remove the live line."""
        self._line.close()


class StudyProgress:
    """Watches a study: phase, calls, candidates, the best so far.

    Attributes:
        begun: Whether there is a study yet: something to resume.
    """

    def __init__(self, *, quiet: bool = False, minimize: bool = False) -> None:
        self._line = Line(quiet=quiet)
        self._minimize = minimize
        self._best: tuple[float, int] | None = None
        self._phase = "search"
        self._calls = 0
        self._examples = 0
        self.begun = False

    def notify(self, event: Event) -> None:
        """Take note of one event."""
        self.begun = self.begun or event.name.startswith("study")
        match event.name:
            case "study.phase":
                self._phases(event.data)
            case "study.bank":
                self._line.say(
                    f"bank of {event.data['variable']}: {event.data['entries']} {event.data['source']} entries"
                )
            case "study.trial":
                self._trial(event.data)
            case "study.end":
                self._phase = "done"
            case "model.end" if self._phase == "confirm":
                self._confirmed()
            case _:
                pass

    def _confirmed(self) -> None:
        if not self._calls:
            self._line.say(f"confirming on {self._examples} examples nobody has seen")
        self._calls += 1
        self._line.show(f"confirm  {counted(self._calls, 'call')} on examples nobody has seen")

    def _phases(self, data: Any) -> None:
        self._phase = data["phase"]
        if self._phase == "search" and data["calls"] is not None:
            self._line.say(
                f"searching with {counted(data['calls'] - data['confirm'], 'call')}, {data['confirm']} kept to confirm"
            )
        elif self._phase == "confirm":
            self._examples = data["examples"]

    def _trial(self, data: Any) -> None:
        mean, n = float(data["mean"]), int(data["n"])
        better = self._best is None or (mean < self._best[0] if self._minimize else mean > self._best[0])
        if n >= 20 and better:
            self._best = (mean, n)
        best = f"best so far {self._best[0]:.2f} on {self._best[1]}" if self._best else "first looks"
        limit = data["limit"]
        calls = counted(data["calls"], "call")
        amount = f"{bar(data['calls'], limit, width=16)} {data['calls']}/{limit} calls" if limit else calls
        self._line.show(
            f"search  {amount}  {counted(data['candidates'], 'candidate')}  {best}  {data['seconds']:.0f} s"
        )

    def close(self) -> None:
        """Remove the live line."""
        self._line.close()
