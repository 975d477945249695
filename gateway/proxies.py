"""Who is at the other end: the client's address, where a trusted proxy stands between.

`X-Forwarded-For` is believed only from the peers in TRUSTED_PROXIES (addresses, networks, or `unix` for a local socket).
"""

from __future__ import annotations

import functools
import ipaddress

from django.conf import settings
from django.http import HttpRequest

from gateway.requests import header, peer_address


def client_address(request: HttpRequest) -> str:
    """Return the address of the nearest caller that is not one of our own proxies."""
    return resolve(peer_address(request), header(request, "x-forwarded-for"), trusted=tuple(settings.TRUSTED_PROXIES))


def resolve(peer: str, forwarded: str, *, trusted: tuple[str, ...]) -> str:
    """Walk the chain of proxies backwards as far as they are trusted."""
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    address = peer
    while hops and is_trusted(address, trusted):
        address = _without_port(hops.pop())
    return address


@functools.lru_cache(maxsize=4096)
def is_trusted(address: str, trusted: tuple[str, ...]) -> bool:
    """Tell whether an address (empty: a Unix socket) is a proxy of ours."""
    if not trusted:
        return False
    if address in {"", "unix"}:
        return "unix" in trusted
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    networks = [ipaddress.ip_network(one, strict=False) for one in trusted if one != "unix"]
    return any(parsed in network for network in networks)


def _without_port(hop: str) -> str:
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
