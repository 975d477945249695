"""Call addresses outside: the one HTTP client of the control plane, with a guard against inner addresses.

A host name is resolved once, every address of it is checked, and the connection goes to a checked one (a second
look-up could answer differently: DNS rebinding). No redirects, no proxies from the environment, bounded answers.

OutboundError
├── RefusedAddress   the address is inside our own network, or not http(s)
└── Unreachable      no answer: name, connection, TLS, time-out, or the answer is too large
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

Header = tuple[str, str]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

BODY_LIMIT = 8 * 1024 * 1024
_PORTS = {"http": 80, "https": 443}
# Reachable by the global flag, yet cloud metadata or a way back in.
_NEVER = [ipaddress.ip_network(text) for text in ("100.100.100.200/32", "168.63.129.16/32", "64:ff9b::/96", "2002::/16", "2001::/32")]


class OutboundError(Exception):
    """A call did not succeed; the message names the host, never the headers or the body."""


class RefusedAddress(OutboundError):
    """The address is one that must not be called from here."""


class Unreachable(OutboundError):
    """There was no usable answer."""


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; header names in lower case."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header's (first) value, or an empty string."""
        return next((value for key, value in self.headers if key == name.lower()), "")


@dataclass(frozen=True, slots=True)
class _Target:
    """A checked address: where to connect, and which host to ask for."""

    url: httpx.URL
    host_header: str
    host: str


def request(
    method: str,
    url: str,
    *,
    headers: Iterable[Header] = (),
    content: bytes = b"",
    timeout_seconds: float = 10.0,
    allow_private: bool = False,
    body_limit: int = BODY_LIMIT,
) -> Response:
    """Call an address and return the whole answer, whatever its status. Raise RefusedAddress or Unreachable."""
    target = _target(url, _resolve(url, allow_private=allow_private))
    deadline = time.monotonic() + timeout_seconds
    try:
        with (
            httpx.Client(trust_env=False, timeout=timeout_seconds) as client,
            client.stream(method, target.url, headers=_headers(target, headers), content=content, extensions=_names(target)) as answer,
        ):
            body = bytearray()
            for chunk in answer.iter_bytes():
                _grow(body, chunk, limit=body_limit, deadline=deadline)
            return _response(answer, body)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(f"{target.host}: {type(error).__name__}") from error


async def request_async(
    method: str,
    url: str,
    *,
    headers: Iterable[Header] = (),
    content: bytes = b"",
    timeout_seconds: float = 10.0,
    allow_private: bool = False,
    body_limit: int = BODY_LIMIT,
) -> Response:
    """Call an address like `request`, from asyncio: in a thread, for these calls are few."""
    return await asyncio.to_thread(
        request,
        method,
        url,
        headers=headers,
        content=content,
        timeout_seconds=timeout_seconds,
        allow_private=allow_private,
        body_limit=body_limit,
    )


def check_address(url: str, *, allow_private: bool) -> None:
    """Raise RefusedAddress when the URL leads inside, Unreachable when its name does not resolve."""
    _resolve(url, allow_private=allow_private)


def address_of(host: str, port: int) -> str:
    """Return the address of a host outside to connect to. Raise RefusedAddress or Unreachable."""
    return str(_look_up(host, port, allow_private=False))


def joined(url: str, target: str) -> str:
    """Return the address a redirect leads to; it is checked when it is called."""
    return urljoin(url, target)


def is_public(address: Address) -> bool:
    """Tell whether an address belongs to the outside world, looking through IPv4 addresses mapped into IPv6."""
    plain = getattr(address, "ipv4_mapped", None) or address
    is_odd = plain.is_multicast or plain.is_reserved or plain.is_unspecified or plain.is_loopback or plain.is_link_local
    return plain.is_global and not is_odd and not any(plain in network for network in _NEVER)


def _resolve(url: str, *, allow_private: bool) -> Address:
    """Return the address to connect to; every address of the name must be allowed."""
    parts = _split(url)
    return _look_up(parts.hostname or "", parts.port or _PORTS[parts.scheme], allow_private=allow_private)


def _look_up(host: str, port: int, *, allow_private: bool) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host}: the name does not resolve") from error
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not allow_private and not all(map(is_public, addresses)):
        raise RefusedAddress(f"{host} is an address inside a private network")
    return addresses[0]


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise RefusedAddress("the address must be http:// or https:// with a host")
    return parts


def _target(url: str, address: Address) -> _Target:
    parts = httpx.URL(url)
    host_header = parts.netloc.decode("ascii").rpartition("@")[2]
    return _Target(url=parts.copy_with(host=str(address)), host_header=host_header, host=parts.host)


def _headers(target: _Target, headers: Iterable[Header]) -> list[Header]:
    return [("Host", target.host_header), *((name, value) for name, value in headers if name.lower() != "host")]


def _names(target: _Target) -> dict[str, str]:
    # TLS still names and checks the host, not the address we connect to.
    return {"sni_hostname": target.host}


def _grow(body: bytearray, chunk: bytes, *, limit: int, deadline: float) -> None:
    # httpx limits each read, not the whole: a byte now and then would hold us for ever.
    if time.monotonic() > deadline:
        raise Unreachable("the answer takes too long")
    if len(body) + len(chunk) > limit:
        raise Unreachable(f"the answer is longer than {limit} bytes")
    body += chunk


def _response(answer: httpx.Response, body: bytearray) -> Response:
    headers = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
    return Response(status=answer.status_code, headers=headers, body=bytes(body))
