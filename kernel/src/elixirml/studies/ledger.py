"""The ledger: every scored row and every model reply of a project, in one SQLite file.

A row is scored once whatever dies: inserting a key again does nothing. Resuming a study is running it again: rows and
replies that are here are taken from here, in the same order, and lead to the same decisions.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from attrs import astuple, field, frozen

from elixirml.contracts.language_model import ModelResponse
from elixirml.contracts.usage import Usage
from elixirml.errors import ConfigError, StateError
from elixirml.identity import Json

__all__ = ["Evidence", "Ledger", "Row", "RowKey", "StudyEntry"]

T = TypeVar("T")

_VERSION = 1
_PAUSE = 0.25
_TABLES = """
CREATE TABLE IF NOT EXISTS studies (
    id TEXT PRIMARY KEY, header_digest TEXT NOT NULL, header TEXT NOT NULL, status TEXT NOT NULL,
    result TEXT, started REAL NOT NULL, seconds REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS rows (
    study TEXT NOT NULL, program TEXT NOT NULL, assignment TEXT NOT NULL, example TEXT NOT NULL, metric TEXT NOT NULL,
    repeat INTEGER NOT NULL, row TEXT NOT NULL,
    PRIMARY KEY (study, program, assignment, example, metric, repeat)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS replies (
    study TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, request TEXT NOT NULL, response TEXT NOT NULL,
    PRIMARY KEY (study, key)
) WITHOUT ROWID;
"""


@frozen
class RowKey:
    """What identifies a scored row.

    Attributes:
        study: The study or evaluation it belongs to.
        program: Digest of the program.
        assignment: Digest of the active values.
        example: The example's id.
        metric: Digest of the metrics.
        repeat: 0 for the first run.
    """

    study: str
    program: str
    assignment: str
    example: str
    metric: str
    repeat: int = 0


@frozen
class Evidence:
    """What a reply held beside its text, for variables fitted to data."""

    stage: str
    text: str
    label_logprobs: Mapping[str, float] = field(hash=False)

    def response(self) -> ModelResponse:
        """Return the reply this was taken from, as far as it is kept."""
        return ModelResponse(self.text, label_logprobs=dict(self.label_logprobs))


@frozen
class Row:
    """One program run on one example, scored.

    Attributes:
        example: The example's id.
        scores: Metric name to value; the metric's failure score when there is a fault.
        fault: The error code when the candidate's reply could not be used, else None.
        message: The error's words, or the metric's feedback; and those of assertions that failed.
        fields: The program's output as plain data; empty with a fault.
        usage: What it used when it was first run.
        evidence: What replies held beside their text.
        repaired: How many replies were repaired on the way.
        lapses: Assertion to how often it failed.
    """

    example: str
    scores: Mapping[str, float] = field(hash=False)
    fault: str | None = None
    message: str | None = None
    fields: Mapping[str, Json] = field(factory=dict[str, Json], hash=False)
    usage: Usage = field(factory=Usage)
    evidence: tuple[Evidence, ...] = ()
    repaired: int = 0
    lapses: Mapping[str, int] = field(factory=dict[str, int], hash=False)

    def to_json(self) -> dict[str, Json]:
        """Return the row as plain data."""
        return {
            "example": self.example,
            "scores": dict(self.scores),
            "fault": self.fault,
            "message": self.message,
            "fields": dict(self.fields),
            "usage": dict(self.usage.to_json()),
            "evidence": [
                {"stage": each.stage, "text": each.text, "label_logprobs": dict(each.label_logprobs)}
                for each in self.evidence
            ],
            "repaired": self.repaired,
            "lapses": dict(self.lapses),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a row; the opposite of `to_json`."""
        return cls(
            example=data["example"],
            scores=data["scores"],
            fault=data["fault"],
            message=data["message"],
            fields=data["fields"],
            usage=Usage(**data["usage"]),
            evidence=tuple(Evidence(**each) for each in data["evidence"]),
            repaired=data.get("repaired", 0),
            lapses=data.get("lapses", {}),
        )


@frozen
class StudyEntry:
    """A study as the ledger knows it.

    Attributes:
        id: Its id.
        header: What it was asked to do; equal headers make equal studies.
        status: `running`, `done` or `failed`.
        result: The report, when it is done.
        started: Seconds since the epoch.
        seconds: How long it has run, over all its processes.
    """

    id: str
    header: Mapping[str, Any] = field(hash=False)
    status: str
    result: Mapping[str, Any] | None = field(hash=False)
    started: float
    seconds: float


class Ledger:
    """One project's ledger.

    Args:
        path: The SQLite file; it and its folder are made with access for the user alone.
        patience: Seconds to wait for another process that writes.

    Raises:
        ConfigError: The file cannot be opened or written.
        StateError: It is damaged, or was written by a newer version.
    """

    def __init__(self, path: Path, *, patience: float = 30.0) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
            self._database = _opened(path, patience)
        except (OSError, sqlite3.OperationalError) as error:
            raise ConfigError(
                f"The ledger {path} cannot be opened: {error}", hint="Free some space, or name another --home folder."
            ) from error
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing it twice does no harm."""
        self._database.close()

    def _damaged(self, error: Exception) -> StateError:
        return StateError(
            f"The ledger {self.path} is damaged: {error}",
            hint="Move it away to keep what it holds; a new one is made by the next study.",
            code="ledger-damaged",
        )

    def _one(self, query: str, *values: object) -> Any:
        return next(iter(self._all(query, *values)), None)

    def _all(self, query: str, *values: object) -> list[Any]:
        try:
            return self._database.execute(query, _storable(values)).fetchall()
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _read(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(error) from error

    def _write(self, statement: str, *values: object) -> None:
        try:
            self._database.execute(statement, _storable(values))
        except sqlite3.Error as error:
            raise StateError(
                f"The ledger {self.path} cannot be written: {error}",
                hint="Free some space, then run the same command with --resume; nothing scored so far is lost.",
                code="ledger",
            ) from error

    # Rows

    def row(self, key: RowKey) -> Row | None:
        """Return a scored row, or None when it has not been scored."""
        found = self._one(
            "SELECT row FROM rows WHERE study=? AND program=? AND assignment=? AND example=? AND metric=? AND repeat=?",
            *astuple(key),
        )
        return None if found is None else self._read(lambda: Row.from_json(json.loads(found[0])))

    def record(self, key: RowKey, row: Row) -> None:
        """Enter a scored row; a key that is there already keeps its row."""
        self._write("INSERT OR IGNORE INTO rows VALUES (?,?,?,?,?,?,?)", *astuple(key), _text(row.to_json()))

    # Replies

    def reply(self, study: str, key: str, *, request: str) -> tuple[str, ModelResponse] | None:
        """Return who first asked for a reply, and the reply; None when it is not here or is not of this request."""
        found = self._one("SELECT owner, request, response FROM replies WHERE study=? AND key=?", study, key)
        if found is None or found[1] != _whole(request):
            return None
        return found[0], self._read(lambda: ModelResponse.from_json(json.loads(found[2])))

    def keep_reply(self, study: str, key: str, *, owner: str, request: str, response: ModelResponse) -> None:
        """Enter a reply as soon as it is there."""
        kept = _text(response.to_json())
        self._write("INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?)", study, key, owner, request, kept)

    # Studies

    def begin(self, study: str, *, header_digest: str, header: Mapping[str, Json]) -> None:
        """Enter a study as running; one that is there already keeps its entry and runs again."""
        self._write(
            "INSERT INTO studies VALUES (?,?,?,'running',NULL,?,0) ON CONFLICT (id) DO UPDATE SET status='running'",
            study,
            header_digest,
            _text(dict(header)),
            time.time(),
        )

    def finish(self, study: str, *, status: str, seconds: float, result: Mapping[str, Json] | None = None) -> None:
        """Enter how a study ended, and how long it ran."""
        written = None if result is None else _text(dict(result))
        self._write(
            "UPDATE studies SET status=?, seconds=?, result=coalesce(?, result) WHERE id=?",
            status,
            seconds,
            written,
            study,
        )

    def elapsed(self, study: str, seconds: float) -> None:
        """Enter how long a study has run so far."""
        self._write("UPDATE studies SET seconds=? WHERE id=?", seconds, study)

    def latest(self, header_digest: str) -> StudyEntry | None:
        """Return the newest study of a header."""
        found = self._one(f"{_STUDIES} WHERE header_digest=? ORDER BY started DESC, rowid DESC LIMIT 1", header_digest)
        return None if found is None else self._read(lambda: _entry(found))

    def studies(self) -> tuple[StudyEntry, ...]:
        """Return every study, the newest first."""
        found = self._all(f"{_STUDIES} ORDER BY started DESC, rowid DESC")
        return self._read(lambda: tuple(_entry(each) for each in found))

    def count(self, study: str) -> tuple[int, int]:
        """Return how many rows and replies a study has."""
        rows = self._one("SELECT count(*) FROM rows WHERE study=?", study)[0]
        replies = self._one("SELECT count(*) FROM replies WHERE study=?", study)[0]
        return int(rows), int(replies)


_STUDIES = "SELECT id, header, status, result, started, seconds FROM studies"


def _opened(path: Path, patience: float) -> sqlite3.Connection:
    """Return a connection with its tables made.

    Turning write-ahead logging on is refused at once, without waiting, while another process does the same to a new
    file; so the whole is tried again.
    """
    until = time.monotonic() + patience
    while True:
        database = sqlite3.connect(path, timeout=min(patience, _PAUSE), isolation_level=None, check_same_thread=False)
        try:
            _prepare(database, path)
        except BaseException as error:
            database.close()
            waiting = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
            if not waiting or time.monotonic() > until:
                raise
        else:
            database.execute(f"PRAGMA busy_timeout={int(1000 * patience)}")
            return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    """Make the tables where there are none; refuse those of a newer version."""
    version: int = database.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise StateError(
            f"The ledger {path} was written by a newer version ({version}; this one knows {_VERSION}).",
            hint="pip install --upgrade elixirml",
            code="state-version",
        )
    # A killed process loses nothing in this mode; only a power cut may lose the last rows.
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")
    if version < _VERSION:
        database.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={_VERSION}; COMMIT;")


def _text(data: Mapping[str, Any]) -> str:
    """Return data as JSON, infinite logarithms of labels included."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _storable(values: Sequence[object]) -> list[object]:
    return [_whole(each) if isinstance(each, str) else each for each in values]


def _whole(text: str) -> str:
    """Return a text with halves of characters, which no file can hold, written as JSON escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _entry(found: tuple[Any, ...]) -> StudyEntry:
    identity, header, status, result, started, seconds = found
    return StudyEntry(
        identity, json.loads(header), status, None if result is None else json.loads(result), started, seconds
    )
