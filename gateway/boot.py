"""Start and stop what one relay process holds: its knowledge, its purse, its spool and the tasks beside the calls."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import uuid
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings

from billing import price_lists
from billing.purse import Purse
from channels_app import registry, selectors
from channels_app.exchange import Timeouts
from channels_app.transport import Transport
from foundation.snapshots import Cell, Watcher
from gateway import process
from gateway.authentication import Recogniser
from gateway.limiter import Limiter
from gateway.process import DrainCaps, Relay
from gateway.spool import Writer
from gateway.throttling import Exchange

log = logging.getLogger("keyosk.relay")


@asynccontextmanager
async def running() -> AsyncIterator[Relay]:
    """Run a relay in this process and its event loop for as long as the context lasts."""
    registry.providers()  # import every vendor now, not during the first call
    worker_id = uuid.uuid4()
    spool = Writer(settings.SPOOL_DIR, worker_id)
    purse = Purse(worker_id=worker_id, spool=spool)
    await purse.start()
    relay = Relay(
        recogniser=Recogniser(platform_hosts=frozenset(settings.PLATFORM_HOSTS)),
        prices=Cell(kind="prices", load=price_lists.load, size=2_000),
        tables=Cell(kind="channels", load=_load_table, size=1),
        purse=purse,
        spool=spool,
        transport=Transport(),
        limiter=Limiter(),
        draw=random.random,
        timeouts=Timeouts(
            connect=settings.UPSTREAM_CONNECT_SECONDS,
            first_byte=settings.UPSTREAM_FIRST_BYTE_SECONDS,
            idle=settings.UPSTREAM_IDLE_SECONDS,
            total=settings.UPSTREAM_TOTAL_SECONDS,
        ),
        drain_caps=DrainCaps(seconds=settings.DRAIN_SECONDS, bytes=settings.DRAIN_BYTES, number=settings.DRAIN_NUMBER),
    )
    tasks = [_background(Watcher().run()), _background(Exchange(relay.limiter, redis_url=settings.REDIS_URL).run())]
    process.install(relay)
    _freeze()
    try:
        yield relay
    finally:
        process.install(None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await relay.transport.stop()
        await purse.stop()
        spool.close()


def _load_table(_: int) -> selectors.ChannelTable:
    return selectors.load_table()


def _background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.ensure_future(work)
    task.add_done_callback(_note_end)
    return task


def _note_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.critical("a background task of the relay has ended", exc_info=error)


def _freeze() -> None:
    """Take what was made so far out of the garbage collector's rounds: it stays for ever (3 % of the CPU of a call)."""
    gc.collect()
    gc.freeze()
