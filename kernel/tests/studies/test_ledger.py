"""Tests of `elixirml.studies.ledger`: a row is scored once whatever dies, and a bad file is told plainly."""

import itertools
import json
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elixirml.contracts import ModelResponse, Usage
from elixirml.errors import ConfigError, StateError
from elixirml.studies.ledger import Evidence, Ledger, Row, RowKey

KEY = RowKey("study", "program", "assignment", "example", "metric")
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=20)  # halves of characters too
NUMBERS = st.floats(allow_nan=False)
NEW = itertools.count()

WRITER = """
import sys
from pathlib import Path
from elixirml.contracts import ModelResponse, Usage
from elixirml.studies.ledger import Ledger, Row, RowKey

path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger(Path(path)) as ledger:
    print("ready", flush=True)
    for at in range(count):
        ledger.keep_reply("s", f"k{at}", owner=name, request="r", response=ModelResponse(name, usage=Usage(calls=1)))
        ledger.record(RowKey("s", "p", "a", f"e{at}", "m"), Row(f"e{at}", {"m": float(at)}, message=name))
        print(at, flush=True)
"""


def writer(path: Path, name: str, count: int, **settings: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", WRITER, str(path), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "ledger.sqlite3"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    """One ledger for many examples, each with keys of its own."""
    with Ledger(tmp_path_factory.mktemp("shared") / "ledger.sqlite3") as ledger:
        yield ledger


# Once


def test_a_row_entered_again_keeps_its_first_value(path: Path) -> None:
    """Insert-or-ignore: whoever comes second changes nothing."""
    with Ledger(path) as ledger:
        ledger.record(KEY, Row("example", {"m": 1.0}))
        ledger.record(KEY, Row("example", {"m": 0.0}))

        assert ledger.row(KEY) == Row("example", {"m": 1.0})
        assert ledger.count("study") == (1, 0)


def test_every_part_of_the_key_tells_rows_apart(path: Path) -> None:
    """A row is of one study, program, assignment, example, metric and repeat; of no other."""
    others = [
        RowKey(*("other" if at == part else each for at, each in enumerate(("study", "program", "a", "e", "m"))))
        for part in range(5)
    ]
    first = RowKey("study", "program", "a", "e", "m")
    with Ledger(path) as ledger:
        ledger.record(first, Row("e", {"m": 1.0}))

        assert [ledger.row(key) for key in (*others, RowKey("study", "program", "a", "e", "m", 1))] == [None] * 6


@settings(deadline=None)
@given(
    row=st.builds(
        Row,
        example=TEXTS,
        scores=st.dictionaries(TEXTS, NUMBERS, max_size=3),
        fault=st.none() | TEXTS,
        message=st.none() | TEXTS,
        fields=st.dictionaries(TEXTS, st.none() | TEXTS | st.lists(st.integers()), max_size=3),
        usage=st.builds(Usage, calls=st.integers(0, 9), seconds=NUMBERS),
        evidence=st.lists(st.builds(Evidence, TEXTS, TEXTS, st.dictionaries(TEXTS, NUMBERS)), max_size=2).map(tuple),
    )
)
def test_rows_come_back_as_they_were_entered(shared: Ledger, row: Row) -> None:
    """Whatever a reply holds, an infinite logarithm or half a character, its row survives the file."""
    key = RowKey("study", "program", "assignment", str(next(NEW)), "metric")
    shared.record(key, row)

    assert shared.row(key) == row


@settings(deadline=None)
@given(text=TEXTS, scores=st.dictionaries(TEXTS, NUMBERS, max_size=3), request=TEXTS)
def test_replies_come_back_as_they_were_entered(
    shared: Ledger, text: str, scores: dict[str, float], request: str
) -> None:
    """A reply is what the model said, to the sign, with what it used and who asked."""
    response, key = ModelResponse(text, "length", Usage(calls=1, tokens_out=3), scores), str(next(NEW))
    shared.keep_reply("study", key, owner="first", request=request, response=response)
    shared.keep_reply("study", key, owner="second", request=request, response=ModelResponse("else"))

    assert shared.reply("study", key, request=request) == ("first", response)
    assert shared.reply("study", key, request=f"{request}!") is None
    assert shared.reply("other", key, request=request) is None


def test_evidence_reads_as_the_reply_it_was_taken_from() -> None:
    """Fitting sees the reply's text and scores again, as far as they are kept."""
    found = Evidence("reply", "film", {"film": -0.1}).response()

    assert (found.text, found.label_logprobs) == ("film", {"film": -0.1})


# What dies


def test_two_processes_that_write_the_same_rows_enter_each_once(path: Path) -> None:
    """Two processes on one ledger, also while it is being made: no row is lost, doubled or mixed."""
    both = [writer(path, name, 150) for name in ("one", "two")]
    problems = [each.communicate(timeout=60)[1] for each in both]

    assert problems == ["", ""]
    with Ledger(path) as ledger:
        assert ledger.count("s") == (150, 150)
        for at in range(150):
            row = ledger.row(RowKey("s", "p", "a", f"e{at}", "m"))
            reply = ledger.reply("s", f"k{at}", request="r")
            assert row is not None
            assert reply is not None
            assert row.scores == {"m": float(at)}
            assert {row.message, reply[0]} <= {"one", "two"}


@pytest.mark.parametrize("seed", range(5))
def test_a_process_killed_while_it_writes_loses_nothing_it_was_done_with(path: Path, seed: int) -> None:
    """Kill -9 in the middle of writes: what was reported as entered is there, and the file opens as if nothing was."""
    process = writer(path, "killed", 100_000)
    assert process.stdout is not None
    assert process.stderr is not None
    done = random.Random(seed).randrange(1, 400)
    for line in process.stdout:
        if line.strip() == str(done):
            break
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    process.stderr.close()
    last = int(rest[-1]) if rest else done

    with Ledger(path) as ledger:
        rows, replies = ledger.count("s")
        assert last + 1 <= rows <= replies <= last + 2
        assert all(ledger.row(RowKey("s", "p", "a", f"e{at}", "m")) for at in range(rows))


def test_a_full_disk_is_told_with_what_to_do_and_loses_nothing(path: Path) -> None:
    """When nothing more can be written the error says so, and everything entered before is there afterwards."""

    def small_disk() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))

    process = writer(path, "full", 100_000, preexec_fn=small_disk)
    out, problem = process.communicate(timeout=60)
    done = int(out.split()[-1])

    assert "StateError" in problem
    assert f"The ledger {path} cannot be written" in problem
    assert "Free some space, then run the same command with --resume" in problem
    with Ledger(path) as ledger:
        assert ledger.count("s")[0] >= done + 1
        assert ledger.row(RowKey("s", "p", "a", f"e{done}", "m")) is not None
        ledger.record(KEY, Row("after", {"m": 1.0}))


def test_another_process_is_waited_for(path: Path) -> None:
    """A ledger that another process is making or writing is not refused: it is waited for."""
    path.parent.mkdir(parents=True)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.6, lambda: other.execute("COMMIT"))
    release.start()

    with Ledger(path) as ledger:
        ledger.record(KEY, Row("example", {"m": 1.0}))
        assert ledger.row(KEY) is not None

    release.join()
    other.close()


def test_a_process_that_never_ends_its_writing_is_told(path: Path) -> None:
    """Waiting has an end: the message says that the file is locked."""
    Ledger(path).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with (
        Ledger(path, patience=0.05) as ledger,
        pytest.raises(StateError, match="cannot be written: database is locked"),
    ):
        ledger.record(KEY, Row("example", {"m": 1.0}))
    other.execute("ROLLBACK")
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("PRAGMA journal_mode=DELETE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ConfigError, match="cannot be opened: database is locked"):
        Ledger(path, patience=0.05)
    other.close()


# Bad files


def test_the_ledger_is_made_for_the_user_alone(tmp_path: Path) -> None:
    """Replies may hold private data: others on the machine cannot read them, whoever made the folder."""
    (tmp_path / "given").mkdir(mode=0o755)
    for folder in (tmp_path / "made", tmp_path / "given"):
        with Ledger(folder / "ledger.sqlite3") as ledger:
            ledger.record(KEY, Row("example", {"m": 1.0}))
            assert {each.stat().st_mode & 0o077 for each in folder.iterdir()} == {0}

    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o700


def test_a_newer_ledger_is_refused_by_name_and_version(path: Path) -> None:
    """An old program does not touch what a newer one wrote."""
    Ledger(path).close()
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=7")
    other.close()

    with pytest.raises(StateError, match=r"newer version \(7; this one knows 1\)") as caught:
        Ledger(path)

    assert caught.value.code == "state-version"
    assert caught.value.hint == "pip install --upgrade elixirml"


def test_a_file_that_is_no_ledger_is_told(path: Path) -> None:
    """A damaged header gives an error with the path and what to do, and the file is left as it is."""
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is a letter to my aunt" * 200)

    with pytest.raises(StateError, match=f"The ledger {path} is damaged: file is not a database") as caught:
        Ledger(path)

    assert caught.value.code == "ledger-damaged"
    assert "Move it away" in str(caught.value)
    assert path.read_bytes().startswith(b"this is a letter")


def test_a_ledger_damaged_in_the_middle_is_told_when_it_is_read(path: Path) -> None:
    """Pages overwritten behind a sound header: reading them is an error with a hint, never a wrong row."""
    with Ledger(path) as ledger:
        for at in range(400):
            ledger.record(RowKey("s", "p", "a", f"e{at}", "m"), Row(f"e{at}", {"m": 1.0}, message="x" * 400))
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    path.write_bytes(data)

    keys = [RowKey("s", "p", "a", f"e{at}", "m") for at in range(400)]
    with Ledger(path) as ledger, pytest.raises(StateError, match="is damaged"):
        [ledger.row(key) for key in keys]


@pytest.mark.parametrize(
    ("table", "column", "read"),
    [
        ("rows", "row", lambda ledger: ledger.row(KEY)),
        ("replies", "response", lambda ledger: ledger.reply("study", "key", request="r")),
        ("studies", "header", lambda ledger: ledger.latest("digest")),
        ("studies", "header", lambda ledger: ledger.studies()),
    ],
)
@pytest.mark.parametrize("content", ["{", "{}", "[1]"])
def test_a_damaged_entry_is_told(path: Path, table: str, column: str, read: object, content: str) -> None:
    """What cannot be read back as it was entered is damage, told with the path."""
    with Ledger(path) as ledger:
        ledger.record(KEY, Row("example", {"m": 1.0}))
        ledger.keep_reply("study", "key", owner="o", request="r", response=ModelResponse("film"))
        ledger.begin("study", header_digest="digest", header={"kind": "test"})
    broken = "{" if table == "studies" else content
    other = sqlite3.connect(path)
    other.execute(f"UPDATE {table} SET {column}=?", (broken,))  # noqa: S608 - names of this test
    other.commit()
    other.close()

    with Ledger(path) as ledger, pytest.raises(StateError, match="is damaged"):
        read(ledger)  # type: ignore[operator]


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A file where the folder should be: the message names the ledger and a way out."""
    (tmp_path / "home").write_text("no folder")

    with pytest.raises(ConfigError, match="cannot be opened") as caught:
        Ledger(tmp_path / "home" / "ledger.sqlite3")

    assert "--home" in str(caught.value)


def test_a_folder_in_place_of_the_file_is_told(path: Path) -> None:
    """What cannot be opened is told as such, not as damage."""
    path.mkdir(parents=True)

    with pytest.raises(ConfigError, match="unable to open database file"):
        Ledger(path)


# Studies


def test_the_newest_study_of_a_question_is_found_even_within_one_tick(path: Path) -> None:
    """`--resume` goes on with the latest study; the order of entry decides where clocks do not."""
    with Ledger(path) as ledger:
        for name in ("a", "b", "c"):
            ledger.begin(name, header_digest="same", header={"n": name})
        other = sqlite3.connect(path)
        other.execute("UPDATE studies SET started=1")
        other.commit()
        other.close()

        found = ledger.latest("same")
        assert found is not None
        assert found.id == "c"
        assert [each.id for each in ledger.studies()] == ["c", "b", "a"]
        assert ledger.latest("other") is None


def test_a_study_keeps_what_it_was_asked_and_tells_how_it_ended(path: Path) -> None:
    """Running, failed, running again, done: the entry follows, and what was found stays found."""
    before = time.time()
    with Ledger(path) as ledger:
        ledger.begin("study", header_digest="d", header={"kind": "test", "name": "über"})
        ledger.elapsed("study", 2.5)
        running = ledger.studies()[0]
        ledger.finish("study", status="failed", seconds=3.0)
        failed = ledger.studies()[0]
        ledger.begin("study", header_digest="else", header={"kind": "else"})
        again = ledger.studies()[0]
        ledger.finish("study", status="done", seconds=4.0, result={"verdict": "confirmed"})
        ledger.begin("study", header_digest="d", header={})
        ledger.finish("study", status="failed", seconds=5.0)
        last = ledger.studies()[0]

    assert [each.status for each in (running, failed, again, last)] == ["running", "failed", "running", "failed"]
    assert [each.seconds for each in (running, failed, again, last)] == [2.5, 3.0, 3.0, 5.0]
    assert again.header == json.loads('{"kind": "test", "name": "über"}')
    assert before <= running.started <= time.time()
    assert last.result == {"verdict": "confirmed"}


def test_closing_twice_does_no_harm(path: Path) -> None:
    """A ledger may be closed by hand inside a `with`."""
    with Ledger(path) as ledger:
        ledger.close()
