"""Which internet addresses are public: neither this machine, nor its network, nor a way around into them."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, TypeAlias

__all__ = ["Address", "is_public", "read_address"]

Address: TypeAlias = IPv4Address | IPv6Address

_PLATFORM: Final = IPv4Address("168.63.129.16")  # a cloud's channel to its own machines, on a public address
_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_TUNNELS: Final[Sequence[IPv6Network]] = (
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address inside
    IPv6Network("2001::/32"),  # Teredo: another one
    IPv6Network("3fff::/20"),  # documentation
)
_ISATAP: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})  # upper half of an interface id with an IPv4 address inside


def read_address(text: str) -> Address | None:
    """Return the address that a text spells; None when it spells none, or one with a zone."""
    try:
        return None if "%" in text else ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Return whether an address is reached through the public internet and no other way.

    Addresses of version 6 that stand for one of version 4 (mapped, NAT64) are judged by that one; those that hide one
    (6to4, Teredo, ISATAP, `::a.b.c.d`) are not public.

    Example:
        >>> is_public(ip_address("8.8.8.8")), is_public(ip_address("::ffff:127.0.0.1"))
        (True, False)
    """
    if isinstance(address, IPv6Address):
        inner = _stands_for(address)
        return _is_public_v6(address) if inner is None else is_public(inner)
    return _is_global(address) and address != _PLATFORM


def _stands_for(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _is_public_v6(address: IPv6Address) -> bool:
    if address not in _UNICAST or any(address in each for each in _TUNNELS):
        return False
    return _is_global(address) and (int(address) >> 32) & 0xFFFF_FFFF not in _ISATAP


def _is_global(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
