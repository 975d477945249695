"""Give the test session a PostgreSQL and a Redis of its own, before Django's settings are read (`-p tests.bootstrap`).

With `KEYOSK_TEST_REDIS=paused` that Redis is stopped once it has started: it takes connections and says nothing. Tests
about Redis itself (marker `redis`) are skipped then.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import pytest
import redis
from _pytest.tmpdir import tmppath_result_key

from foundation import embedded, silence

# Set by the process that started the servers; xdist's workers and nested runs inherit it with the URLs.
_MARK = "KEYOSK_TEST_SERVERS"
IS_REDIS_PAUSED = os.environ.get("KEYOSK_TEST_REDIS") == "paused"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Run before pytest-django's hook of the same name, which reads the settings."""
    if _MARK not in os.environ:
        _start(early_config)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker:
        _move_worker(int(worker.removeprefix("gw")))
    return (yield)


def pytest_collection_finish() -> None:
    """Leave what the whole run keeps, all modules and tests, out of garbage collections, and collect more seldom.

    A fifth of the back offices' tests was spent on walking these objects again and again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is about Redis itself where it says nothing."""
    for item in items:
        if IS_REDIS_PAUSED and item.get_closest_marker("redis"):
            item.add_marker(pytest.mark.skip(reason="about Redis itself, which is paused (KEYOSK_TEST_REDIS)"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let a run that is interrupted while a fixture waits end as one, and a test about Redis find it awake.

    The fixture `tmp_path` looks for reports of its test, which are not made then: it raised `KeyError: StashKey` over the interruption.
    """
    if item.get_closest_marker("redis"):
        silence.forget()
    item.stash.setdefault(tmppath_result_key, {})


def _start(config: pytest.Config) -> None:
    var = Path(tempfile.mkdtemp(prefix="keyosk-test-")).resolve()
    exits = ExitStack()
    config.add_cleanup(exits.close)
    exits.callback(shutil.rmtree, var, ignore_errors=True)
    # A terminated run must clean up like an interrupted one.
    signal.signal(signal.SIGTERM, _interrupt)
    exits.enter_context(embedded.servers(var, durable=False))
    urls = {"DATABASE_URL": embedded.database_url(var), "REDIS_URL": embedded.redis_url(var)}
    os.environ.update(urls, KEYOSK_VAR_DIR=str(var), **{_MARK: str(os.getpid())})
    os.environ.setdefault("RELAY_HUGE_PAGES", "0")  # relays that live for one test need not move their memory
    exits.callback(os.environ.pop, _MARK)
    if IS_REDIS_PAUSED:
        exits.enter_context(paused(urls["REDIS_URL"]))


@contextmanager
def paused(url: str) -> Generator[None, None, None]:
    """Stop a Redis now, and let it go on at the end: a stopped process does not hear that it is to end."""
    with redis.Redis.from_url(url) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _move_worker(number: int) -> None:
    """Give each worker a Redis database and a `var/` of its own; pytest-django gives it a PostgreSQL database."""
    var = Path(os.environ["KEYOSK_VAR_DIR"]) / f"worker-{number}"
    var.mkdir(exist_ok=True)
    os.environ["KEYOSK_VAR_DIR"] = str(var)
    os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("?db=0", f"?db={number + 1}")


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
