"""Stop calls that go round in circles between relays: each names itself on the way, and knows its own name."""

from __future__ import annotations

import functools

from django.http import HttpRequest

from channels_app.bridge import HOPS
from foundation import vault
from gateway.errors import RelayError
from gateway.requests import raw_header

MOST_HOPS = 5
_HOPS = HOPS.encode()


@functools.cache
def instance() -> str:
    """Return this installation's name for other relays: the same in all its processes, telling nothing of it."""
    return vault.digest("this installation", purpose="relay-hops")[:16]


def count(request: HttpRequest) -> str:
    """Return the relays a call has gone through, this one last, commas between.

    Raise RelayError where it was here before, or has gone too far.
    """
    said = raw_header(request, _HOPS).decode("latin-1")
    if not said:
        return instance()
    before = [hop.strip() for hop in said.split(",") if hop.strip()]
    if instance() in before:
        raise RelayError("relay_loop")
    if len(before) >= MOST_HOPS:
        raise RelayError("relay_loop", f"This call has gone through {len(before)} relays already.")
    return ",".join([*before, instance()])
