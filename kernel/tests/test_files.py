"""Files are written whole or not at all."""

import os
import threading
from pathlib import Path

import pytest

from elixirml.errors import ConfigError
from elixirml.files import write_atomically


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    """Letters and line ends as they are; nothing else is left beside it."""
    path = tmp_path / "deep" / "er" / "file.txt"
    write_atomically(path, "é\n")
    write_atomically(path, "ü\r\n")

    assert path.read_bytes() == "ü\r\n".encode()
    assert list(path.parent.iterdir()) == [path]


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    """While it is written again and again, it is always one of the whole texts."""
    path = tmp_path / "file.txt"
    texts = ["a" * 100_000, "b" * 100_000]
    write_atomically(path, texts[0])
    seen: set[str] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_text(encoding="utf-8"))

    reader = threading.Thread(target=read)
    reader.start()
    for at in range(20):
        write_atomically(path, texts[at % 2])
    done.set()
    reader.join(20)

    assert seen <= set(texts)


@pytest.mark.parametrize("text", ["\ud83d", "x"])
def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, text: str) -> None:
    """The old file stays, no part of the new one is left behind, and the reason is told."""
    path = tmp_path / "file"
    if text == "x":
        path.mkdir()  # a folder is in the way
        with pytest.raises(ConfigError, match="cannot be written: ") as caught:
            write_atomically(path, text)
        assert caught.value.hint
    else:
        write_atomically(path, "old")
        with pytest.raises(UnicodeEncodeError):
            write_atomically(path, text)
        assert path.read_text(encoding="utf-8") == "old"

    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    """Before anything is written."""
    (tmp_path / "file").write_text("x", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"cannot be written: (File exists|Not a directory)"):
        write_atomically(tmp_path / "file" / "deeper", "x")
    assert os.listdir(tmp_path) == ["file"]  # noqa: PTH208 - names are what is compared
