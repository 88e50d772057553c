"""Files on the command line: read into the inputs they are named for, and shown by name and size alone."""

from typing import Any

import pytest

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8
PROGRAM = '''
from attrs import field, frozen

import elixirml as ml


@frozen
class Album:
    cover: ml.Image
    pages: list[ml.Image] = field(factory=list)
    back: ml.Image | None = None
    title: str = "none"


@frozen
class Seen:
    seen: str


class Look(ml.Program[Album, Seen]):
    """What is on the pictures?"""

    reply = ml.predict(Seen, model="scripted/m", adapter="json")
'''


@pytest.fixture
def album(project: Any) -> Any:
    project.write("look.py", PROGRAM)
    project.write("cat.png", PNG)
    project.write("song.mp3", b"ID3\x03")
    return project


def test_files_are_read_into_inputs(album: Any) -> None:
    """One for a single input, one more for a list; what the input file says stays."""
    album.write("given.json", '{"title": "cats"}')
    files = ("--attach", "cover=cat.png", "--attach", "pages=cat.png", "--attach", "pages=cat.png")
    said = album.say("show", "look.py", "--input", "given.json", *files, "--attach", "back=cat.png")

    assert said.code == 0, said.err
    assert "(image 1: cat.png)" in said.out
    assert said.out.count("[attached] Image(image/png, 16 bytes, 'cat.png')") == 4
    assert "cats" in said.out
    assert "base64" not in said.out


def test_a_run_may_be_given_files_alone(album: Any) -> None:
    """Where nothing else is required."""
    said = album.say("run", "look.py", "--attach", "cover=cat.png")

    assert "ParseError" in said.err  # the scripted model writes no JSON, and was asked


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("cover", "is not of the form FIELD=FILE"),
        ("=cat.png", "is not of the form FIELD=FILE"),
        ("title=cat.png", "There is no input `title` that takes a file"),
        ("covre=cat.png", "Did you mean `cover`?"),
        ("cover=none.png", "none.png cannot be read"),
        ("cover=song.mp3", "song.mp3 does not fit the input `cover`: expected image/..., got audio/mpeg"),
    ],
)
def test_what_cannot_be_attached_is_told(album: Any, typed: str, told: str) -> None:
    """In words, before anything is asked."""
    said = album.say("show", "look.py", "--attach", typed)

    assert said.code == 2
    assert told in said.err


def test_a_program_may_take_no_files(project: Any) -> None:
    """It says so, rather than that a name is wrong."""
    said = project.say("show", "topic.py", "--attach", "text=topic.py")
    assert "The program takes no attachments" in said.err


def test_a_run_needs_some_input(album: Any) -> None:
    """A file of inputs, or files to attach."""
    said = album.say("run", "look.py")

    assert said.code == 2
    assert "--input" in said.err
