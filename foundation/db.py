"""Run ORM functions from asyncio: in a few threads of their own, on connections that survive a database restart."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")

THREADS = 8
_pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="query")


async def query(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a synchronous ORM function in a thread and return its result.

    The function must be safe to run twice: when its connection turns out to be dead, it runs once more on a
    new one. (Nobody sends Django's request signals in the relay, so that nobody else closes dead connections.)
    """
    call = functools.partial(_on_fresh_connection, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


def close_threads() -> None:
    """Close every thread's connection: for tests, whose database could not be dropped otherwise."""
    barrier = threading.Barrier(THREADS)
    for done in [_pool.submit(_close, barrier) for _ in range(THREADS)]:
        done.result()


def _close(barrier: threading.Barrier) -> None:
    # The barrier makes every thread of the pool take exactly one of the calls.
    barrier.wait()
    connections.close_all()


def _on_fresh_connection(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    close_old_connections()
    try:
        return function(*args, **kwargs)
    except (OperationalError, InterfaceError):
        connections.close_all()
        return function(*args, **kwargs)
