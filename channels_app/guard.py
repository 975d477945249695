"""Tell public addresses from those inside: loopback, private, link-local, metadata, multicast."""

from __future__ import annotations

import ipaddress


def is_literal(host: str) -> bool:
    """Tell whether a host is an address written out."""
    return _parse(host) is not None


def is_public(host: str) -> bool:
    """Tell whether an address is reachable by everybody; addresses that carry an IPv4 address inside are judged by it."""
    address = _parse(host)
    if address is None:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
    return _is_public(address)


def _parse(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return None


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return address.is_global and not address.is_multicast and not address.is_reserved
