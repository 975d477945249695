"""Ask the domain name system for TXT records: the one door to it. Raises `NoAnswer`."""

from __future__ import annotations

import dns.exception
import dns.resolver
from django.conf import settings

TIMEOUT_SECONDS = 5.0


class NoAnswer(Exception):
    """The name has no such record, or nobody answered; the message says which."""


def txt(name: str) -> list[str]:
    """Return the TXT records of a name; DNS_SERVERS (address or address:port) go before the machine's own. Raise NoAnswer."""
    resolver = dns.resolver.Resolver(configure=not settings.DNS_SERVERS)
    if settings.DNS_SERVERS:
        resolver.nameservers = [_server(text) for text in settings.DNS_SERVERS]
    try:
        found = resolver.resolve(name, "TXT", lifetime=TIMEOUT_SECONDS, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        raise NoAnswer(f"{name} has no TXT record") from None
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise NoAnswer(f"{name}: {type(error).__name__}") from None
    return [b"".join(record.strings).decode("utf-8", "replace") for record in found]


def _server(text: str) -> dns.nameserver.Do53Nameserver:
    address, _, port = text.partition(":")
    return dns.nameserver.Do53Nameserver(address, int(port or 53))
