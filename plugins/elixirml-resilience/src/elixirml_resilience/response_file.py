"""Replies in a SQLite file that many processes share, as JSON; a row that is not as it was written is no reply.

Opening is the first use's affair. Reading never waits for writers (write-ahead logging), and what cannot be read or
written is a miss and a warning: a cache is never why a call fails.
"""

import hashlib
import json
import logging
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from attrs import define, field

from elixirml.contracts import ModelResponse
from elixirml.errors import ConfigError
from elixirml_resilience.identifying import Call, at_hand

__all__ = ["ResponseFile"]

_LOG: Final = logging.getLogger(__name__)
_PATIENCE: Final = 60.0
"""Seconds to wait for other writers."""
_PAUSE: Final = 0.05
_MAPPED: Final = 1 << 28
"""Bytes of the file that are read as memory: one copy fewer for each reply."""
_GATHERED: Final = 512
"""Hits whose time of use is remembered before they are written down together."""
_REMEMBERED: Final = 256
"""Replies given lately that are at hand without the file."""
_KEPT: Final = 0.9
"""The share of the allowed bytes that is left after some had to give way, so that this is rare."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS responses (
    key TEXT PRIMARY KEY, request BLOB NOT NULL, response BLOB NOT NULL, digest BLOB NOT NULL,
    created REAL NOT NULL, used REAL NOT NULL, size INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS by_use ON responses (used);
CREATE TABLE IF NOT EXISTS total (size INTEGER NOT NULL);
INSERT INTO total SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM total);
CREATE TRIGGER IF NOT EXISTS added AFTER INSERT ON responses
    BEGIN UPDATE total SET size = size + new.size; END;
CREATE TRIGGER IF NOT EXISTS changed AFTER UPDATE OF size ON responses
    BEGIN UPDATE total SET size = size + new.size - old.size; END;
CREATE TRIGGER IF NOT EXISTS removed AFTER DELETE ON responses
    BEGIN UPDATE total SET size = size - old.size; END;
"""
_FIND: Final = "SELECT request, response, digest, created FROM responses WHERE key = ?"
_REMOVE: Final = "DELETE FROM responses WHERE key = ?"
_KEEP: Final = """
INSERT INTO responses VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET request = excluded.request,
    response = excluded.response, digest = excluded.digest, created = excluded.created, used = excluded.used,
    size = excluded.size
"""


_Entry: TypeAlias = tuple[bytes, ModelResponse, float]
"""A request, its reply, and when that was kept."""


@define(eq=False)
class ResponseFile:
    """One file of replies.

    Attributes:
        path: Where it is; its folder is for its owner alone.
        ttl: Seconds a reply is kept; 0 keeps it for ever.
        max_bytes: The most bytes of requests and replies.
        clock: Tells the time of day, in seconds.
    """

    path: Path
    ttl: float = 0.0
    max_bytes: int = 1 << 30
    clock: Callable[[], float] = field(default=time.time, repr=False)
    _reader: sqlite3.Connection | None = field(default=None, init=False, repr=False)
    _writer: sqlite3.Connection | None = field(default=None, init=False, repr=False)
    _troubled: bool = field(default=False, init=False)
    _used: dict[str, float] = field(factory=dict[str, float], init=False, repr=False)
    _recent: dict[str, _Entry] = field(factory=dict[str, "_Entry"], init=False, repr=False)
    _damaged: set[str] = field(factory=set[str], init=False, repr=False)
    _lock: Any = field(factory=threading.Lock, init=False, repr=False)

    @property
    def is_open(self) -> bool:
        """Whether `find` can be asked, without waiting for anything."""
        return self._reader is not None or self._troubled

    @property
    def is_due(self) -> bool:
        """Whether there is so much to write down that `flush` should do it."""
        return bool(self._damaged) or len(self._used) >= _GATHERED

    def open(self) -> None:
        """Open the file, making it where there is none.

        Raises:
            ConfigError: Its folder is a link or belongs to somebody else: others could read or plant replies.
        """
        with self._lock:
            if self.is_open:
                return
            _secure(self.path)
            with self._tried("opened"):
                self._writer = _connected(self.path)
                self._reader = _connected(self.path)

    def find(self, call: Call) -> ModelResponse | None:
        """Return the reply kept for a call, as one that costs nothing; None when there is none that can be trusted."""
        entry = self._recent.get(call.key)
        if entry is None or entry[0] != call.request or self._is_old(entry):
            entry = self._entry(call)
        if entry is None or self._is_old(entry):
            return None
        self._used[call.key] = self.clock()
        return entry[1]

    def keep(self, call: Call, response: ModelResponse) -> None:
        """Keep a reply; what was used longest ago gives way."""
        reply = json.dumps(response.to_json(), separators=(",", ":")).encode()
        now = self.clock()
        size = len(call.request) + len(reply)
        row = (call.key, call.request, reply, _digest(call.key, reply, now), now, now, size)

        def work(writer: sqlite3.Connection) -> None:
            writer.execute(_KEEP, row)
            self._note_uses(writer)
            self._make_room(writer)

        self._write(work)

    def flush(self) -> None:
        """Write down when replies were last used, and remove damaged ones."""

        def work(writer: sqlite3.Connection) -> None:
            damaged, self._damaged = self._damaged, set()
            writer.executemany(_REMOVE, [(key,) for key in list(damaged)])
            self._note_uses(writer)

        self._write(work)

    def close(self) -> None:
        """Close the file; uses that were not written down yet are."""
        if self._used or self._damaged:
            self.flush()
        with self._lock:
            for each in (self._reader, self._writer):
                if each is not None:
                    each.close()
            self._reader = self._writer = None

    def _is_old(self, entry: _Entry) -> bool:
        return self.ttl > 0 and self.clock() - entry[2] > self.ttl

    def _entry(self, call: Call) -> _Entry | None:
        """Return what the file holds for a call, and remember it; None when it holds nothing, or something damaged."""
        if self._reader is None:
            return None
        try:
            row = self._reader.execute(_FIND, (call.key,)).fetchone()
            if row is None:
                return None
            entry = _checked(call, row)
        except sqlite3.Error as error:
            self._complain("read", error)
            return None
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
            _LOG.warning("The cache %s holds a damaged reply (%s); it is removed.", self.path, call.key[:12])
            self._damaged.add(call.key)
            return None
        if len(self._recent) >= _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self._recent[call.key] = entry
        return entry

    def _note_uses(self, writer: sqlite3.Connection) -> None:
        used, self._used = self._used, {}
        # Copied at once: another thread may still be adding to it.
        uses = [(when, key) for key, when in list(used.items())]
        writer.executemany("UPDATE responses SET used = ? WHERE key = ?", uses)

    def _make_room(self, writer: sqlite3.Connection) -> None:
        excess: int = writer.execute("SELECT size FROM total").fetchone()[0] - self.max_bytes
        if excess <= 0:
            return
        excess += int((1 - _KEPT) * self.max_bytes)
        leaving: list[tuple[str]] = []
        for key, size in writer.execute("SELECT key, size FROM responses ORDER BY used"):
            if excess <= 0:
                break
            leaving.append((key,))
            excess -= size
        writer.executemany(_REMOVE, leaving)

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do something in one transaction: all of it is written, or nothing and a warning."""
        with self._lock, self._tried("written"):
            if self._writer is None:
                return
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                work(self._writer)
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def _tried(self, what: str) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._complain(what, error)

    def _complain(self, what: str, error: Exception) -> None:
        if not self._troubled:
            _LOG.warning("The cache %s cannot be %s: %s", self.path, what, error)
        self._troubled = True


def _connected(path: Path) -> sqlite3.Connection:
    """Return a connection with the tables made.

    Turning write-ahead logging on is refused at once, without waiting, while another process does the same to a new
    file; so the whole is tried again.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        database = sqlite3.connect(path, timeout=_PAUSE, isolation_level=None, check_same_thread=False)
        try:
            _prepare(database)
        except BaseException as error:
            database.close()
            waiting = isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
            if not waiting or time.monotonic() > until:
                raise
        else:
            database.execute(f"PRAGMA busy_timeout={int(1000 * _PATIENCE)}")
            return database


def _prepare(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        database.execute("PRAGMA journal_mode=WAL")
    # A killed process loses nothing in this mode; only a power cut may lose the last replies.
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(f"PRAGMA mmap_size={_MAPPED}")
    if database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'removed'").fetchone()[0] == 0:
        database.executescript(f"BEGIN IMMEDIATE; {_TABLES} COMMIT;")


def _secure(path: Path) -> None:
    """Make the folder, for its owner alone.

    Raises:
        ConfigError: It is a link, or somebody else's.
    """
    folder = path.parent
    linked = next((each for each in (folder.parent, folder, path) if each.is_symlink()), None)
    if linked is not None:
        raise _refused(folder, f"{linked} is a symbolic link, so replies would be kept where it points to")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = folder.stat()
        owner = os.getuid() if hasattr(os, "getuid") else found.st_uid
        if found.st_uid == owner and stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as error:
        raise _refused(folder, f"it cannot be made ({error.strerror or error})") from error
    if found.st_uid != owner:
        raise _refused(folder, "it belongs to another user, who could plant replies")


def _refused(folder: Path, why: str) -> ConfigError:
    return ConfigError(
        f"Replies cannot be cached in {folder}: {why}.",
        hint="Name a folder of your own: ELIXIRML_CACHE=FOLDER.",
        code="cache-folder",
    )


def _digest(key: str, reply: bytes, created: float) -> bytes:
    """Return the digest of a row; the request is compared, so it is not in it."""
    return hashlib.sha256(b"%b %r %b" % (key.encode(), created, reply)).digest()


def _checked(call: Call, row: tuple[Any, ...]) -> _Entry:
    """Return what a row holds.

    Raises:
        ValueError: The row is not as it was written, or of another request. Other errors say the same.
    """
    asked, reply, digest, created = row
    if asked != call.request or _digest(call.key, reply, created) != digest:
        raise ValueError("another request or digest")
    # As text: of bytes, the encoding would be guessed first.
    return asked, at_hand(ModelResponse.from_json(json.loads(reply.decode()))), created
