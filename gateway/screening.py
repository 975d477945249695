"""Refuse a request that holds a word of its shop's, or of a shop above it: before any money is held, before any vendor hears it.

Nothing of the text is kept, and nobody is told the word.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from gateway import unanswered
from gateway.errors import RelayError
from gateway.spool import SpoolFull
from gateway.unanswered import BLOCKED, Unanswered

if TYPE_CHECKING:
    from channels_app.contract import Call
    from gateway.process import Relay
    from gateway.requests import LeanRequest

log = logging.getLogger("keyosk.relay")
# Beyond so many bytes a body is read in a thread: 300 KB take 5 ms, at worst 40, which other calls would wait.
_LONG_BYTES = 64 * 1024


async def check(request: LeanRequest, call: Call) -> None:
    """Raise RelayError for a call that holds a word."""
    screen = request.screen
    if screen is None:
        return
    is_long = len(call.body) > _LONG_BYTES
    if await asyncio.to_thread(screen.finds, call.fields) if is_long else screen.finds(call.fields):
        raise RelayError(BLOCKED)


async def guard(state: Relay, request: LeanRequest, call: Call) -> None:
    """Do the same for a call of a model that is served; the log keeps that it was refused, and nothing of what it said."""
    try:
        await check(request, call)
    except RelayError:
        what = Unanswered(BLOCKED, tried=[], reasons=[])
        turn = state.spool.join(unanswered.line(request.caller, call, request.id, what, status="failed", total_ms=0))
        try:
            await turn.written()
        except SpoolFull as full:
            log.warning("a refused call is not in the log", extra={"request": request.name, "reason": str(full)})
        raise
