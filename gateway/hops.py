"""Stop calls that go round in circles between relays: each names itself on the way, and knows its own name."""

from __future__ import annotations

import functools
from dataclasses import replace

from django.http import HttpRequest

from channels_app.bridge import HOPS
from channels_app.contract import Call
from foundation import vault
from gateway.errors import RelayError
from gateway.requests import header

MOST_HOPS = 5


@functools.cache
def instance() -> str:
    """Return this installation's name for other relays: the same in all its processes, telling nothing of it."""
    return vault.digest("this installation", purpose="relay-hops")[:16]


def count(call: Call, request: HttpRequest) -> Call:
    """Return the call with this relay as its last hop; raise RelayError where it was here before, or has gone too far."""
    said = header(request, HOPS)
    before = [hop.strip() for hop in said.split(",") if hop.strip()] if said else []
    if instance() in before:
        raise RelayError("relay_loop")
    if len(before) >= MOST_HOPS:
        raise RelayError("relay_loop", f"This call has gone through {len(before)} relays already.")
    return replace(call, hops=",".join([*before, instance()]))
