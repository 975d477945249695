"""Carry what relays learn of channels beside the calls: circuits over Redis, failures and day's costs by the database.

Nothing here waits on the path of a call. Redis slow or away: 100 ms, then a pause of a second; each process then decides
by what it sees itself. The database away: counts wait for the next turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable

import redis
import redis.asyncio
from django.db import DatabaseError
from django.db.models import Q

from channels_app import bulletin, tallies
from channels_app.bulletin import Cached, Item
from channels_app.selectors import ChannelTable
from foundation import broadcast, db, queue, silence
from gateway import rollups, selectors
from gateway.circuits import News
from gateway.standing import Standing

log = logging.getLogger("keyosk.relay")

TELL_SECONDS = 0.05
REMIND_SECONDS = 5.0
POST_SECONDS = 5.0
# One channel is looked at by a check at most this often, however many calls ask for it.
LOOK_AGAIN_SECONDS = 60.0
CHECK = "channels_app.tasks.check_channel"
_TIMEOUT_SECONDS = 0.1
_PAUSE_SECONDS = 1.0


class Signals:
    """What goes in and out of one process' standing; `table` returns the channels as they are known now, if they are."""

    def __init__(self, standing: Standing, *, redis_url: str, table: Callable[[], ChannelTable | None]) -> None:
        self._standing = standing
        self._url = redis_url
        self._table = table
        self._me = uuid.uuid4().hex
        self._client = redis.asyncio.Redis.from_url(redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
        self._is_down = False
        self._looked: dict[int, float] = {}

    async def run(self) -> None:
        """Tell, hear and post until cancelled."""
        others = [asyncio.ensure_future(broadcast.hear(bulletin.CHANNEL, self.hear, url=self._url)), asyncio.ensure_future(self._post())]
        reminded = time.monotonic()
        try:
            while True:
                await asyncio.sleep(_PAUSE_SECONDS if self._is_down else TELL_SECONDS)
                now = time.monotonic()
                news = self._standing.board.take_news()
                if now - reminded >= REMIND_SECONDS:
                    reminded = now
                    news += self._standing.board.remind(now)
                cached = [
                    Cached(conversation, *way, until - now) for conversation, (way, until) in self._standing.habits.take_news().items()
                ]
                if news or cached:
                    await self.tell(news, cached)
        finally:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await self._client.aclose()

    async def tell(self, news: list[News], cached: list[Cached] | None = None) -> None:
        """Tell the others once; what they do not hear they find out themselves, or are reminded of."""
        items = [Item(*one.circuit, one.seconds, one.kind) for one in news]
        try:
            await self._client.publish(bulletin.CHANNEL, bulletin.pack(items, sender=self._me, cached=cached or ()))
        except (redis.RedisError, OSError) as error:
            silence.heed_cancellation()
            if not self._is_down:
                log.warning("circuits are known by this process alone", extra={"error": type(error).__name__})
            self._is_down = True
        else:
            self._is_down = False

    def hear(self, message: bytes) -> None:
        """Take over what another process says."""
        now = time.monotonic()
        for item in bulletin.unpack(message, reader=self._me):
            if item.model == bulletin.EVERY_MODEL:
                self._standing.board.close_key(item.channel, item.key)
            else:
                self._standing.board.hear(News((item.channel, item.model, item.key), item.seconds, item.kind), now)
        for one in bulletin.unpack_cached(message, reader=self._me):
            self._standing.habits.keep(one.conversation, (one.channel, one.key), until=now + one.seconds)

    async def post(self) -> None:
        """Write failures down, read the day's costs, and ask for a look at channels whose keys were refused."""
        standing = self._standing
        counts = standing.take_tallies()
        if counts:
            async with _kept(standing.tallies, counts):
                await db.query(tallies.add, counts, at=datetime.datetime.now(datetime.UTC))
        table = self._table()
        if table is not None:
            standing.board.forget(table.ids)
            await self._read_costs(table)
        await self._ask_for_looks()

    async def _read_costs(self, table: ChannelTable) -> None:
        limits = table.daily_costs
        with contextlib.suppress(DatabaseError):
            spent = await db.query(spent_today, tuple(limits)) if limits else {}
            self._standing.overspent = frozenset(channel for channel, limit in limits.items() if spent.get(channel, 0) >= limit)

    async def _ask_for_looks(self) -> None:
        now = time.monotonic()
        suspects, self._standing.board.suspects = self._standing.board.suspects, set()
        for channel in suspects:
            if now - self._looked.get(channel, -LOOK_AGAIN_SECONDS) >= LOOK_AGAIN_SECONDS:
                self._looked[channel] = now
                await db.query(_look, channel)

    async def _post(self) -> None:
        while True:
            await asyncio.sleep(POST_SECONDS)
            try:
                await self.post()
            except DatabaseError as error:
                log.warning("what calls taught of channels waits to be written down", extra={"error": type(error).__name__})


def spent_today(channels: tuple[int, ...]) -> dict[int, int]:
    """Return what calls of this day (UTC) have cost upstream, in µ$, by channel."""
    today = rollups.day_of(datetime.datetime.now(datetime.UTC))
    found = selectors.live(by="channel_id", who=Q(channel_id__in=channels), since=today)
    return {channel: sums.cost_micros for channel, sums in found.items()}


@contextlib.asynccontextmanager
async def _kept(tallies_left: Counter[tuple[int, str]], counts: Counter[tuple[int, str]]) -> AsyncIterator[None]:
    """Put counts back that could not be written."""
    try:
        yield
    except DatabaseError:
        tallies_left.update(counts)
        raise


def _look(channel_id: int) -> None:
    """Ask for a check by the queue; without a queue the scheduled one comes."""
    queue.send(CHECK, channel_id, expires=300)
