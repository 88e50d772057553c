"""The tool `fetch`: reads a text from a public web address."""

import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from email.message import Message
from typing import Any, Final

import anyio
import httpx
from anyio import to_thread
from attrs import field, frozen

from elixirml.contracts import ToolContext, ToolExample, ToolFlag, ToolResult
from elixirml.identity import Json
from elixirml_tools.addresses import Address, is_public
from elixirml_tools.arguments import checked
from elixirml_tools.given import ArgumentsError
from elixirml_tools.guard import MOST_REDIRECTS, Allowed, Refused, Resolve, check, redirected

__all__ = ["Fetch", "resolved"]

_SCHEMA: Final = {
    "type": "object",
    "properties": {"url": {"type": "string", "description": "a public address, http:// or https://"}},
    "required": ["url"],
    "additionalProperties": False,
}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_TEXTS: Final = frozenset({"application/json", "application/xml", "application/javascript", "application/x-yaml"})
_WHY: Final = {
    "syntax": "it is not a plain web address",
    "scheme": "only http and https are fetched",
    "credentials": "addresses with a user or password are not fetched",
    "address": "it does not lead to the public internet",
    "unresolved": "there is no such host",
    "redirects": f"it redirects more than {MOST_REDIRECTS} times",
}


def resolved(host: str) -> list[str]:
    """Return the addresses of a host name, as the system knows them; none when there is no such name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class _NotFetched(Exception):
    """Why there is no text, in words for the model."""


@frozen(eq=False)
class Fetch:
    """Reads a text from a public web address, behind a guard.

    Every address, that of each redirect too, is resolved once, judged, and connected to as it was judged: a name cannot
    lead elsewhere between the two. Nothing of this machine is sent: no cookies, no credentials, no proxy settings. What
    comes back taints the conversation.

    Args:
        resolve: Asked for the addresses of a name, in a thread.
        allow: Judges each address; `is_public` unless the network is one of yours.
        most_bytes: The longest text that is read; a longer one is cut, and says so.
        seconds: How long all of it may take, redirects included.
        tls: How servers are verified; the system's usual way when not given.
        examples: Calls that are shown to models, of sites that you know.

    .. versionadded:: 0.1
    """

    resolve: Resolve = field(default=resolved, kw_only=True)
    allow: Callable[[Address], bool] = field(default=is_public, kw_only=True)
    most_bytes: int = field(default=200_000, kw_only=True)
    seconds: float = field(default=20.0, kw_only=True)
    tls: ssl.SSLContext | None = field(default=None, kw_only=True)
    examples: tuple[ToolExample, ...] = field(default=(), kw_only=True)

    name: str = field(default="fetch", init=False)
    description: str = field(
        default="Reads the text at a public web address. What it returns was written by strangers.", init=False
    )
    parameters: Mapping[str, Any] = field(default=_SCHEMA, init=False)
    flags: frozenset[ToolFlag] = field(default=frozenset({ToolFlag.READS_OUTSIDE, ToolFlag.SLOW}), init=False)

    async def call(self, arguments: Mapping[str, Json], context: ToolContext) -> ToolResult:
        """Return the text at an address, or why there is none."""
        _ = context
        try:
            url = str(checked(self.parameters, arguments)["url"])
            with anyio.fail_after(self.seconds):
                return ToolResult(await self._text(url), tainted=True)
        except ArgumentsError as error:
            return ToolResult(error=str(error))
        except TimeoutError:
            return ToolResult(error=f"Not fetched: it took longer than {self.seconds:g} s.")
        except _NotFetched as error:
            return ToolResult(error=f"Not fetched: {error}.", tainted=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError) as error:
            return ToolResult(error=f"Not fetched: {type(error).__name__}: {error}.", tainted=True)

    async def _text(self, url: str) -> str:
        target = await self._judged(check, url)
        async with httpx.AsyncClient(trust_env=False, timeout=self.seconds, verify=self._verified()) as client:
            for _ in range(MOST_REDIRECTS + 1):
                async with self._got(client, target) as response:
                    location = response.headers.get("location", "")
                    if response.status_code not in _REDIRECTS or not location:
                        return await self._read(response)
                target = await self._judged(redirected, target.url, location)
        raise _NotFetched(_WHY["redirects"])

    def _verified(self) -> ssl.SSLContext | bool:
        return True if self.tls is None else self.tls

    async def _judged(self, judge: Callable[..., Allowed | Refused], *urls: str) -> Allowed:
        def judged() -> Allowed | Refused:
            return judge(*urls, self.resolve, allow=self.allow)

        found = await to_thread.run_sync(judged, abandon_on_cancel=True)
        if isinstance(found, Refused):
            raise _NotFetched(f"{found.url!r:.200} is refused, as {_WHY[found.reason]} ({found.reason})")
        return found

    @asynccontextmanager
    async def _got(self, client: httpx.AsyncClient, target: Allowed) -> AsyncGenerator[httpx.Response]:
        """Ask the first judged address of a host for it, by the host's name; the certificate is the host's too."""
        host = target.host if target.host.startswith("[") else target.host.encode("idna").decode("ascii")
        headers = {
            "Host": httpx.URL(target.url).copy_with(host=host).netloc.decode("ascii"),
            "User-Agent": "elixirml-fetch",
            "Accept": "text/*, application/json, application/xml;q=0.9, */*;q=0.1",
            "Accept-Encoding": "identity",  # what is compressed may be a thousand times as long
        }
        pinned = httpx.URL(target.url).copy_with(host=str(target.addresses[0]), port=target.port)
        names = {"sni_hostname": host} if not host.startswith("[") else {}
        async with client.stream("GET", pinned, headers=headers, extensions=names) as response:
            yield response

    async def _read(self, response: httpx.Response) -> str:
        if not response.is_success:
            raise _NotFetched(f"the server answered {response.status_code}")
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise _NotFetched("the server sent it compressed, though it was asked not to")
        charset = _charset(response.headers.get("content-type", ""))
        kept = bytearray()
        pieces = response.aiter_raw()
        async for piece in pieces:
            kept += piece
            if len(kept) > self.most_bytes:
                await _left(response, pieces)
                text = bytes(kept[: self.most_bytes]).decode(charset, errors="replace")
                return f"{text}\n[cut after {self.most_bytes} bytes]"
        return bytes(kept).decode(charset, errors="replace")


async def _left(response: httpx.Response, pieces: AsyncIterator[bytes]) -> None:
    """Leave a response before its end.

    Its bytes come through generators within generators; reading on from a closed connection ends them all.
    """
    await response.aclose()
    with suppress(httpx.HTTPError, httpx.StreamError, RuntimeError):
        async for _ in pieces:
            pass


def _charset(content_type: str) -> str:
    """Return the charset of a text; what is not a text is not read.

    Raises:
        _NotFetched: The content type is not one of texts.
    """
    header = Message()
    header["content-type"] = content_type or "text/plain"
    kind = header.get_content_type()
    if not (kind.startswith("text/") or kind in _TEXTS or kind.endswith(("+json", "+xml"))):
        raise _NotFetched(f"it is {kind}, not a text")
    charset = header.get_content_charset() or "utf-8"
    try:
        b"".decode(charset)
    except LookupError:
        return "utf-8"
    return charset
