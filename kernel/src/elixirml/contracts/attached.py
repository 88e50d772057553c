"""Pictures, sound and documents as values of inputs: typed attachments that read and fetch nothing by themselves.

Their plain form is one text: a data URI that holds the bytes, or the address from which the provider is to fetch them.
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as NoBase64
from collections.abc import Mapping
from mimetypes import guess_type
from pathlib import Path
from typing import Any, ClassVar, Final, Self
from urllib.parse import quote, unquote, urlsplit

from attrs import field, frozen

from elixirml.contracts.messages import Attachment, Media
from elixirml.errors import Problem, ValidationError

__all__ = ["ATTACHED", "Attached", "Audio", "File", "Image", "holds_attachment", "kind_of_field"]

_DATA_URI: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;name=([^;,]*))?;base64,([A-Za-z0-9+/]*={0,2})", re.ASCII)
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"%PDF-", "application/pdf"),
)


@frozen(repr=False)
class Attached(Attachment):
    """What the three kinds have in common.

    .. versionadded:: 0.1
    """

    FORM: ClassVar[str] = ""
    """The `contentMediaType` of the kind in a JSON Schema."""
    _USUAL: ClassVar[str] = "application/octet-stream"
    media: Media = field(default=Media.FILE, init=False)

    @classmethod
    def of(cls, data: bytes, *, mime: str | None = None, name: str = "") -> Self:
        """Return the value that holds these bytes.

        Args:
            data: The bytes.
            mime: Their media type; by default it is told from their beginning, or from the name.
            name: What the model may call it.

        Raises:
            ValidationError: The media type cannot be told, or is of another kind.
        """
        return cls._made(mime or _recognised(data) or guess_type(name)[0], b64encode(data).decode("ascii"), None, name)

    @classmethod
    def read(cls, path: str | Path, *, mime: str | None = None) -> Self:
        """Return the value that holds the bytes of a file; the one way in which a file is read.

        Raises:
            OSError: It cannot be read.
            ValidationError: Its media type cannot be told, or is of another kind.
        """
        return cls.of(Path(path).read_bytes(), mime=mime, name=Path(path).name)

    @classmethod
    def at(cls, url: str, *, mime: str | None = None, name: str = "") -> Self:
        """Return the value that the provider of the model is to fetch; nothing is fetched here.

        Raises:
            ValidationError: It is no address of the web, or the media type is of another kind.
        """
        parts = _parts(url)
        if parts is None:
            raise _refused(f"expected an http(s) address, got {url[:60]!r}", "Give the bytes: `of`, or `read`.")
        return cls._made(mime or guess_type(parts)[0] or cls._USUAL, None, url, name)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the value that a text stands for: a data URI, or an address of the web.

        Raises:
            ValidationError: It is neither, or of another kind.

        Example:
            >>> Image.parse("data:image/png;base64,iVBORw0KGgo=").mime
            'image/png'
        """
        found = _DATA_URI.fullmatch(text)
        if found is None:
            return cls.at(text)
        mime, name, data = found.groups()
        try:
            b64decode(data, validate=True)
        except NoBase64 as error:
            raise _refused(f"the data URI holds no base64: {error}") from error
        return cls._made(mime, data, None, unquote(name or ""))

    @classmethod
    def _made(cls, mime: str | None, data: str | None, url: str | None, name: str) -> Self:
        if mime is None:
            raise _refused("its media type cannot be told", 'Give it: mime="image/png".')
        family = cls.FORM.partition("/")[0]
        if cls.FORM.endswith("/*") and mime.partition("/")[0] != family:
            raise _refused(f"expected {family}/..., got {mime}")
        return cls(mime=mime, data=data, url=url, name=name)

    def plain(self) -> str:
        """Return the text that stands for it: `parse` gives it back."""
        named = f";name={quote(self.name)}" if self.name else ""
        return self.url if self.url is not None else f"data:{self.mime}{named};base64,{self.data}"

    def __repr__(self) -> str:
        held = self.url if self.data is None else f"{len(self.data) * 3 // 4 - self.data.count('=')} bytes"
        named = f", {self.name!r}" if self.name else ""
        return f"{type(self).__name__}({self.mime}, {held}{named})"


@frozen(repr=False)
class Image(Attached):
    """A picture, for models with `Capability.VISION`; a type of inputs.

    Make one by `Image.read(path)`, `Image.of(bytes)` or `Image.at(url)`. In data it is a data URI or an address.

    .. versionadded:: 0.1
    """

    FORM: ClassVar[str] = "image/*"
    _USUAL: ClassVar[str] = "image/jpeg"
    media: Media = field(default=Media.IMAGE, init=False)


@frozen(repr=False)
class Audio(Attached):
    """Sound, for models with `Capability.AUDIO`; a type of inputs, made like `Image`.

    .. versionadded:: 0.1
    """

    FORM: ClassVar[str] = "audio/*"
    _USUAL: ClassVar[str] = "audio/mpeg"
    media: Media = field(default=Media.AUDIO, init=False)


@frozen(repr=False)
class File(Attached):
    """A document, for models with `Capability.FILES`; a type of inputs, made like `Image`.

    .. versionadded:: 0.1
    """

    FORM: ClassVar[str] = "application/octet-stream"
    media: Media = field(default=Media.FILE, init=False)


ATTACHED: Final[Mapping[str, type[Attached]]] = {each.FORM: each for each in (Image, Audio, File)}
"""The kinds, by the `contentMediaType` their JSON Schemas have."""


def kind_of_field(schema: Mapping[str, Any]) -> type[Attached] | None:
    """Return which kind a JSON Schema asks for; None where it asks for something else."""
    return ATTACHED.get(schema.get("contentMediaType", ""))


def holds_attachment(schema: Mapping[str, Any]) -> bool:
    """Return whether a JSON Schema asks for an attachment anywhere in a value."""
    if kind_of_field(schema) is not None:
        return True
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", ()), *schema.get("prefixItems", ())]
    inner += [schema[each] for each in ("items", "additionalProperties") if isinstance(schema.get(each), Mapping)]
    return any(map(holds_attachment, inner))


def _parts(url: str) -> str | None:
    """Return the path of an address of the web."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    plain = not any(sign.isspace() for sign in url)
    return parts.path if parts.scheme in {"http", "https"} and parts.netloc and plain else None


def _recognised(data: bytes) -> str | None:
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12])
    return next((mime for magic, mime in _MAGIC if data.startswith(magic)), None)


def _refused(message: str, hint: str | None = None) -> ValidationError:
    return ValidationError("This cannot be attached:", problems=[Problem((), "type", message)], hint=hint)
