"""Attachments: what they are made of, what is refused, and that their plain form gives them back."""

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elixirml.contracts import Audio, File, Image
from elixirml.contracts.attached import Attached, holds_attachment, kind_of_field
from elixirml.errors import ValidationError

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 8


@pytest.mark.parametrize(
    ("data", "kind", "mime"),
    [
        (PNG, Image, "image/png"),
        (b"\xff\xd8\xff\xe0", Image, "image/jpeg"),
        (b"GIF89a", Image, "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8", Image, "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt", Audio, "audio/wav"),
        (b"ID3\x03", Audio, "audio/mpeg"),
        (b"%PDF-1.7", File, "application/pdf"),
    ],
)
def test_the_media_type_is_told_from_the_bytes(data: bytes, kind: type[Attached], mime: str) -> None:
    """Names may lie, and uploads often have none."""
    made = kind.of(data)
    assert (made.mime, b64decode(made.data or "")) == (mime, data)


def test_a_file_is_read_when_that_is_asked_for(tmp_path: Path) -> None:
    """With its name, by which its type is told where the bytes do not tell it."""
    path = tmp_path / "notes.txt"
    path.write_bytes(b"low tide")
    made = File.read(path)

    assert (made.mime, made.name, b64decode(made.data or "")) == ("text/plain", "notes.txt", b"low tide")
    with pytest.raises(OSError, match=r"none\.png"):
        Image.read(tmp_path / "none.png")


def test_an_address_is_only_kept() -> None:
    """The provider fetches it; nothing is opened here."""
    assert Image.at("https://example.org/a/cat.png?x=1").mime == "image/png"
    assert Image.at("https://example.org/cat").mime == "image/jpeg"
    assert Image.at("https://example.org/cat", mime="image/webp").plain() == "https://example.org/cat"


@pytest.mark.parametrize(
    "made",
    [
        lambda: Image.at("file:///etc/passwd"),
        lambda: Image.at("https://"),
        lambda: Image.at("http://[1"),
        lambda: Image.at("https://example.org/a b.png"),
        lambda: Image.parse("cat.png"),
        lambda: Image.parse("data:image/png;base64,%%%"),
        lambda: Image.parse("data:image/png;base64,AAA"),
        lambda: Image.parse("data:audio/wav;base64,AAAA"),
        lambda: Audio.of(PNG),
        lambda: Image.of(b"?"),
        lambda: File.of(b"?"),
        lambda: Image.of(PNG, mime="text/html"),
    ],
)
def test_what_is_none_is_refused(made: Any) -> None:
    """Paths, other schemes, broken data and other kinds."""
    with pytest.raises(ValidationError, match="This cannot be attached"):
        made()


@given(
    st.binary(max_size=50), st.text(st.characters(codec="utf-8"), max_size=20), st.sampled_from([Image, Audio, File])
)
def test_the_plain_form_gives_the_value_back(data: bytes, name: str, kind: type[Attached]) -> None:
    """Whatever the bytes and the name."""
    family = kind.FORM.replace("/*", "/x-test")
    made = kind.of(data, mime=family, name=name)

    assert kind.parse(made.plain()) == made
    assert b64encode(data).decode() not in repr(made) or len(data) < 3


def test_the_text_of_a_value_shows_its_size_alone() -> None:
    """A log is no place for a picture."""
    assert repr(Image.of(PNG, name="cat.png")) == "Image(image/png, 16 bytes, 'cat.png')"
    assert repr(Image.at("https://example.org/a.png")) == "Image(image/png, https://example.org/a.png)"


def test_schemas_tell_where_attachments_are() -> None:
    """At any depth."""
    image = {"type": "string", "contentMediaType": "image/*"}
    assert kind_of_field(image) is Image
    assert kind_of_field({"type": "string", "contentMediaType": "text/html"}) is None
    for schema in (
        image,
        {"type": "array", "items": image},
        {"anyOf": [image, {"type": "null"}]},
        {"type": "object", "properties": {"a": image}},
        {"type": "object", "additionalProperties": image},
    ):
        assert holds_attachment(schema)
    assert not holds_attachment({"type": "object", "properties": {"a": {"type": "string"}}})
