"""Look after many things by one timer: deadlines that hardly ever pass, of things that seldom live as long as they allow.

A timer of its own for each of them costs a call several times what an entry in a dictionary does.
"""

from __future__ import annotations

import asyncio
from typing import Protocol


class Watched(Protocol):
    """Something that wants to be looked at now and then."""

    def look(self, now: float) -> None:
        """Do what is due; `now` is the event loop's time."""


class Rounds:
    """Look at everything that has joined, about every `every_seconds`, until it leaves. Belongs to one event loop at a time."""

    __slots__ = ("_all", "_every_seconds", "_loop", "_timer")

    def __init__(self, *, every_seconds: float) -> None:
        self._every_seconds = every_seconds
        self._all: dict[Watched, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def join(self, one: Watched) -> None:
        """Look at something from the next round on."""
        self._all[one] = None
        loop = asyncio.get_running_loop()
        if self._timer is None or loop is not self._loop:
            self._loop, self._timer = loop, loop.call_later(self._every_seconds, self._go)

    def leave(self, one: Watched) -> None:
        """Look at it no more; harmless when it has left already."""
        self._all.pop(one, None)

    def _go(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for one in list(self._all):
            one.look(now)
        self._timer = loop.call_later(self._every_seconds, self._go) if self._all else None
