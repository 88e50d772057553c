"""The guard of addresses: which URLs may be fetched, and from where.

A model may be talked into any URL, so everything that is not plainly a public web address is refused: other schemes,
credentials, odd spellings of numbers, and names that lead to a machine or network of ours. What is allowed comes with
the addresses that were judged: connect to one of those, never to the name, which may lead elsewhere the next time.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv6Address
from typing import Final, Literal, TypeAlias
from urllib.parse import urljoin

from attrs import frozen

from elixirml_tools.addresses import Address, is_public, read_address

__all__ = ["MOST_REDIRECTS", "Allowed", "Reason", "Refused", "Resolve", "check", "check_redirects", "redirected"]

Reason: TypeAlias = Literal["syntax", "scheme", "credentials", "address", "unresolved", "redirects"]
"""Why a URL is refused; stable."""

Resolve: TypeAlias = Callable[[str], Iterable[str]]
"""Returns the addresses of a host name; none when there is no such name."""

MOST_REDIRECTS: Final = 5
"""How many redirects are followed."""

_PARTS: Final = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?.*", re.DOTALL)
_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(?::(?P<port>.*))?", re.DOTALL)
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_QUAD: Final = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")
_NAME: Final = re.compile(r"(?:[a-z0-9._-]|[^\x00-\x7f])+")


@frozen
class Allowed:
    """A URL that may be fetched.

    Attributes:
        url: As it was given.
        scheme: `http` or `https`.
        host: The name or address, in its plain spelling.
        port: Where to connect.
        addresses: What the host resolved to, each judged: connect to these alone.
    """

    url: str
    scheme: str
    host: str
    port: int
    addresses: tuple[Address, ...]


@frozen
class Refused:
    """A URL that may not be fetched."""

    url: str
    reason: Reason


class _Refusal(Exception):
    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


def check(url: str, resolve: Resolve, *, allow: Callable[[Address], bool] = is_public) -> Allowed | Refused:
    """Return whether a URL may be fetched. Pure but for `resolve`, which is asked at most once.

    Args:
        url: As the model or a redirect gave it.
        resolve: Asked for the addresses of a name.
        allow: Judges each address.

    Example:
        >>> check("http://0x7f000001/", lambda name: ())
        Refused(url='http://0x7f000001/', reason='syntax')
    """
    try:
        return _checked(url, resolve, allow)
    except _Refusal as refusal:
        return Refused(url, refusal.reason)


def redirected(
    url: str, location: str, resolve: Resolve, *, allow: Callable[[Address], bool] = is_public
) -> Allowed | Refused:
    """Return whether the redirect from a URL to a location may be followed."""
    if _is_odd(location):
        return Refused(location, "syntax")  # joining would mend what must be refused
    try:
        return check(urljoin(url, location), resolve, allow=allow)
    except ValueError:
        return Refused(location, "syntax")


def check_redirects(
    url: str, locations: Sequence[str], resolve: Resolve, *, allow: Callable[[Address], bool] = is_public
) -> Allowed | Refused:
    """Return the end of a chain of redirects, or the first thing about it that is refused."""
    found = check(url, resolve, allow=allow)
    for number, location in enumerate(locations, 1):
        if isinstance(found, Refused):
            break
        if number > MOST_REDIRECTS:
            return Refused(location, "redirects")
        found = redirected(found.url, location, resolve, allow=allow)
    return found


def _checked(url: str, resolve: Resolve, allow: Callable[[Address], bool]) -> Allowed:
    parts = _PARTS.fullmatch(url)
    if _is_odd(url) or parts is None:
        raise _Refusal("syntax")
    authority = parts["authority"] or ""
    host, port = _host_and_port(authority.rpartition("@")[2])
    scheme = (parts["scheme"] or "").lower()
    if scheme not in ("http", "https"):
        raise _Refusal("scheme")
    if "@" in authority:
        raise _Refusal("credentials")
    if not host or "%" in authority:
        raise _Refusal("syntax")
    plain, addresses = _addresses(host, resolve)
    if not addresses:
        raise _Refusal("unresolved")
    judged = tuple(each for each in addresses if each is not None and allow(each))
    if len(judged) < len(addresses):
        raise _Refusal("address")
    return Allowed(url, scheme, plain, port or (443 if scheme == "https" else 80), judged)


def _is_odd(text: str) -> bool:
    return any(sign == "\\" or sign.isspace() or unicodedata.category(sign) == "Cc" for sign in text)


def _host_and_port(text: str) -> tuple[str, int | None]:
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        raise _Refusal("syntax")
    host, port = found["host"], found["port"]
    if host.startswith("[") and "%" not in host and not isinstance(read_address(host[1:-1]), IPv6Address):
        raise _Refusal("syntax")
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise _Refusal("syntax")
    return host, int(port)


def _addresses(host: str, resolve: Resolve) -> tuple[str, list[Address | None]]:
    """Return the plain spelling of a host and its addresses; None stands for one that is unreadable."""
    if host.startswith("["):
        return host, [read_address(host[1:-1])]
    name = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().removesuffix(".")
    labels = name.split(".")
    if not all(labels):
        raise _Refusal("syntax")
    if _NUMBER.fullmatch(labels[-1]):
        quad = read_address(name) if _QUAD.fullmatch(name) else None
        if quad is None:
            raise _Refusal("syntax")
        return name, [quad]
    if labels[-1] == "localhost":
        raise _Refusal("address")
    if not _NAME.fullmatch(name):
        raise _Refusal("syntax")
    return name, [read_address(each) for each in resolve(name)]
