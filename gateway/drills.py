"""Play a failure on purpose: what a drill does to a call instead of (or before) asking the vendor. Pure."""

from __future__ import annotations

from collections.abc import Callable

from channels_app.contract import Failure, FailureKind
from channels_app.rules import Drill
from gateway.journey import TRANSPORT

SLOW = "slow"
SLOW_SECONDS = 5.0
_MESSAGE = "a drill"
_FAILURES = {
    "dead": Failure(FailureKind.UPSTREAM, _MESSAGE, code=TRANSPORT, was_sent=False),
    "error": Failure(FailureKind.UPSTREAM, _MESSAGE, status=503),
    "rate_limited": Failure(FailureKind.RATE_LIMITED, _MESSAGE, status=429, retry_after_seconds=5.0),
    "no_quota": Failure(FailureKind.NO_QUOTA, _MESSAGE, status=402),
    "bad_key": Failure(FailureKind.BAD_KEY, _MESSAGE, status=401),
}


def play(drill: Drill, *, draw: Callable[[], float], now: float) -> Failure | float:
    """Return how a call fails, or for how many seconds it waits first (0: not at all); `now` is unix seconds."""
    if drill.until is not None and now >= drill.until:
        return 0.0
    if draw() >= drill.share:
        return 0.0
    return _FAILURES.get(drill.kind, SLOW_SECONDS if drill.kind == SLOW else 0.0)
