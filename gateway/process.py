"""What one relay process knows and holds: made by `boot`, used by every call. Exactly one per process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from billing.pricing import PriceList
from billing.purse import Purse
from channels_app.exchange import Timeouts
from channels_app.selectors import ChannelTable
from channels_app.tokens import Tokens
from channels_app.transport import Transport
from foundation.snapshots import Cell
from gateway.authentication import Recogniser
from gateway.limiter import Limiter
from gateway.spool import Writer
from gateway.standing import Standing

THE_TABLE = 0


class NotBooted(Exception):
    """A relay view ran in a process that is no relay."""


@dataclass(frozen=True, slots=True)
class DrainCaps:
    """How long, how much and how many abandoned streams are read on, so that they are billed by their real usage."""

    seconds: float = 60.0
    bytes: int = 4 * 1024 * 1024
    number: int = 64


@dataclass(slots=True)
class Relay:
    """The process' state. Cells and purse belong to its event loop."""

    recogniser: Recogniser
    prices: Cell[int, PriceList]
    tables: Cell[int, ChannelTable]
    purse: Purse
    spool: Writer
    transport: Transport
    tokens: Tokens
    limiter: Limiter
    standing: Standing
    clock: Callable[[], float] = time.time
    timeouts: Timeouts = field(default_factory=Timeouts)
    drain_caps: DrainCaps = field(default_factory=DrainCaps)
    failover_seconds: float = 330.0
    drains: int = 0


_relay: Relay | None = None


def install(relay: Relay | None) -> None:
    """Make this the process' relay; None takes it away."""
    global _relay
    _relay = relay


def current() -> Relay:
    """Return the process' relay; raise NotBooted where there is none."""
    if _relay is None:
        raise NotBooted("this process does not relay calls")
    return _relay
