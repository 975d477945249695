"""Start and stop what one relay process holds: its knowledge, its purse, its spool and the tasks beside the calls."""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import operator
import random
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from typing import Any

from django.conf import settings

from billing import price_lists
from billing.purse import Purse
from channels_app import registry, selectors, tokenizer
from channels_app.exchange import Timeouts
from channels_app.tokens import Tokens
from channels_app.transport import Transport
from foundation import huge_pages
from foundation.snapshots import Cell, Watcher
from gateway import process
from gateway.authentication import Recogniser
from gateway.limiter import Limiter
from gateway.process import DrainCaps, Relay
from gateway.recalls import RedisRecalls
from gateway.room import Room
from gateway.signals import Signals
from gateway.spool import Writer
from gateway.standing import Standing
from gateway.throttling import Exchange

log = logging.getLogger("keyosk.relay")
_GC_OBJECTS = 20_000


@asynccontextmanager
async def running(*, on_lost: Callable[[], None]) -> AsyncIterator[Relay]:
    """Run a relay in this process and its event loop for as long as the context lasts.

    `on_lost` is called when this worker may not reserve any more and has to start anew.
    """
    registry.providers()  # import every vendor now, not during the first call
    tokenizer.prepare()
    worker_id = uuid.uuid4()
    async with AsyncExitStack() as exits:
        spool = exits.enter_context(closing(Writer(settings.SPOOL_DIR, worker_id)))
        recalls = RedisRecalls(settings.REDIS_URL)
        exits.push_async_callback(recalls.stop)
        room = Room(spool, most_bytes=settings.SPOOL_MAX_BYTES, least_free_bytes=settings.SPOOL_MIN_FREE_BYTES)
        node = settings.NODE_NAME or socket.gethostname()
        purse = Purse(worker_id=worker_id, node=node, has_room=room, recalls=recalls, on_lost=on_lost)
        await purse.start()
        exits.push_async_callback(purse.stop)
        transport = await exits.enter_async_context(Transport())
        tokens = Tokens(transport, redis_url=settings.REDIS_URL)
        exits.push_async_callback(tokens.stop)
        relay = _relay(purse, spool, transport, tokens)
        await exits.enter_async_context(_background(Watcher().run()))
        await exits.enter_async_context(_background(Exchange(relay.limiter, redis_url=settings.REDIS_URL, processes=settings.RELAYS).run()))
        signals = Signals(relay.standing, redis_url=settings.REDIS_URL, table=functools.partial(relay.tables.peek, process.THE_TABLE))
        await exits.enter_async_context(_background(signals.run()))
        process.install(relay)
        exits.callback(process.install, None)
        _freeze()
        yield relay


def _relay(purse: Purse, spool: Writer, transport: Transport, tokens: Tokens) -> Relay:
    limiter = Limiter()
    return Relay(
        recogniser=Recogniser(platform_hosts=frozenset(settings.PLATFORM_HOSTS)),
        prices=Cell(kind="prices", load=price_lists.load, size=2_000, lasts=operator.attrgetter("lasts_seconds")),
        tables=Cell(kind="channels", load=_load_table, size=1),
        purse=purse,
        spool=spool,
        transport=transport,
        tokens=tokens,
        limiter=limiter,
        standing=Standing(draw=random.random, limiter=limiter),
        timeouts=Timeouts(
            connect=settings.UPSTREAM_CONNECT_SECONDS,
            first_byte=settings.UPSTREAM_FIRST_BYTE_SECONDS,
            idle=settings.UPSTREAM_IDLE_SECONDS,
            total=settings.UPSTREAM_TOTAL_SECONDS,
        ),
        failover_seconds=settings.UPSTREAM_FAILOVER_SECONDS,
        drain_caps=DrainCaps(seconds=settings.DRAIN_SECONDS, bytes=settings.DRAIN_BYTES, number=settings.DRAIN_NUMBER),
    )


def _load_table(_: int) -> selectors.ChannelTable:
    return selectors.load_table()


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    task.add_done_callback(_note_end)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a background task of the relay has ended", exc_info=error)


def _freeze() -> None:
    """Take what was made so far out of the garbage collector's rounds (it stays for ever), and let it look less often.

    A call makes few cycles: at the default of 700 objects the collector took 3 to 7 % of the CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_OBJECTS, 20, 20)
    if settings.HUGE_PAGES:
        log.info("memory gathered", extra={"huge_bytes": huge_pages.gather()})
