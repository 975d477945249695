"""What nobody wants to see: the database away for a while, an older one restored, nodes that die. Nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest
from django.conf import settings
from django.db import connection

from billing import audit, ledger
from billing.models import RelayWorker
from foundation import embedded
from gateway import flusher, reconcile
from gateway.models import UsageRecord
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, HELLO, PRICE, Caller
from tests.gateway.fleet import environment, fleet, post_everything
from tests.gateway.wire import Wire

# By hand also with a minute: KEYOSK_TEST_OUTAGE=60.
OUTAGE_SECONDS = float(os.environ.get("KEYOSK_TEST_OUTAGE", "4"))
SMALL, LARGE = {**HELLO, "max_tokens": 20}, {**HELLO, "max_tokens": 2000}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Crowd:
    """Clients of one key; `whole` are the ids of complete answers, `ends` how all calls ended (200, or a status and what was said)."""

    def __init__(self, secret: str) -> None:
        self.whole: list[str] = []
        self.ends: Counter[int | str] = Counter()
        self._headers = {"authorization": f"Bearer {secret}"}

    def call(self, url: str, *, body: dict[str, object], clients: int, calls: int, pause: float = 0.0) -> None:
        """Let so many clients make so many calls each, one after the other."""
        asyncio.run(self._call(url, body, clients, calls, pause))

    async def _call(self, url: str, body: dict[str, object], clients: int, calls: int, pause: float) -> None:
        async with aiohttp.ClientSession(headers=self._headers, connector=aiohttp.TCPConnector(limit=0)) as session:
            await asyncio.gather(*(self._client(session, url, body, calls, pause) for _ in range(clients)))

    async def _client(self, session: aiohttp.ClientSession, url: str, body: dict[str, object], calls: int, pause: float) -> None:
        for _ in range(calls):
            async with session.post(f"{url}/v1/chat/completions", json=body) as answer:
                said = await answer.text()
                self.ends[200 if answer.status == 200 else f"{answer.status} {said}"] += 1
                if answer.status == 200:
                    self.whole.append(answer.headers["x-request-id"])
            await asyncio.sleep(pause)


def books(caller: Caller) -> tuple[set[str], int, int]:
    """Return (ids of the rows, available, held) after an audit that finds nothing."""
    assert audit.run(more=reconcile.CHECKS) == []
    balance = ledger.balance(membership_id=caller.membership.pk)
    ids = {str(identifier) for identifier in UsageRecord.objects.filter(price_micros=PRICE).values_list("id", flat=True)}
    return ids, balance.available_micros, balance.held_micros


def test_a_database_that_is_away_stops_no_call_that_a_purse_covers(
    caller: Caller, channel: object, upstream: Upstream, tmp_path: Path
) -> None:
    crowd = Crowd(caller.secret)
    with Wire(environment(tmp_path)["DATABASE_URL"]) as wire, fleet(tmp_path, more={"DATABASE_URL": wire.url}) as node:
        # Few, so that they end within two seconds on a full machine too: what was free for longer would be on its way back just now.
        crowd.call(node.url, body=LARGE, clients=5, calls=1)
        wire.cut()
        before, since = len(crowd.whole), time.monotonic()
        while time.monotonic() - since < OUTAGE_SECONDS:
            crowd.call(node.url, body=SMALL, clients=2, calls=5, pause=0.1)
        during = len(crowd.whole) - before
        wire.mend()
        crowd.call(node.url, body=LARGE, clients=2, calls=5)
        node.stop()
    post_everything(node.spool)

    assert during >= 10
    assert set(crowd.ends) == {200}
    assert books(caller) == (set(crowd.whole), DOLLAR - len(crowd.whole) * PRICE, 0)


def test_an_older_database_becomes_exact_by_a_replay(caller: Caller, channel: object, upstream: Upstream, tmp_path: Path) -> None:
    crowd, dump = Crowd(caller.secret), tmp_path / "dump"
    with fleet(tmp_path, relays=2) as node:
        crowd.call(node.url, body=SMALL, clients=8, calls=5)
        pg("pg_dump", "-Fc", "-f", str(dump), settings.DATABASES["default"]["NAME"])
        crowd.call(node.url, body=SMALL, clients=8, calls=5)
        for process in node.relays:
            process.send_signal(signal.SIGKILL)
            process.wait()
        node.stop()
    post_everything(node.spool)
    expected = books(caller)
    assert expected == (set(crowd.whole), DOLLAR - 80 * PRICE, 0)

    with restored(dump):
        older = UsageRecord.objects.count()
        new = flusher.replay(node.spool)
        assert (older < 80, older + new) == (True, 80)
        assert flusher.replay(node.spool) == 0
        post_everything(node.spool)  # which also buries the workers that lived when the dump was made
        assert not RelayWorker.objects.filter(state="live").exists()
        assert books(caller) == expected


def test_nodes_that_share_a_database_stay_exact_when_one_dies(caller: Caller, channel: object, upstream: Upstream, tmp_path: Path) -> None:
    crowd = Crowd(caller.secret)
    east, west = tmp_path / "east", tmp_path / "west"
    with fleet(east, more={"KEYOSK_NODE": "east"}) as one, fleet(west, relays=2, more={"KEYOSK_NODE": "west"}) as other:
        for _ in range(3):
            crowd.call(one.url, body=LARGE, clients=5, calls=2)
            crowd.call(other.url, body=LARGE, clients=5, calls=2)
        for process in [*one.relays, *one.flushers]:
            process.kill()
            process.wait()
        crowd.call(other.url, body=LARGE, clients=10, calls=4)
        other.stop()
    nodes = set(RelayWorker.objects.values_list("node", flat=True))
    post_everything(other.spool)
    with fleet(east, relays=0) as again:  # the lost node comes back with its disk
        again.stop()
    post_everything(one.spool)

    assert nodes == {"east", "west"}
    assert set(crowd.ends) == {200}
    assert books(caller) == (set(crowd.whole), DOLLAR - 100 * PRICE, 0)


@contextmanager
def restored(dump: Path) -> Generator[None, None, None]:
    """Work on the dump, restored beside the test's database."""
    name = settings.DATABASES["default"]["NAME"]
    older = f"{name}_older"
    pg("createdb", older)
    pg("pg_restore", "-d", older, str(dump))
    try:
        connection.close()
        connection.settings_dict["NAME"] = older
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
        pg("dropdb", older)


def pg(program: str, *words: str) -> None:
    """Run one of PostgreSQL's programs on the test's server."""
    host, user = settings.DATABASES["default"]["HOST"], settings.DATABASES["default"]["USER"]
    subprocess.run([str(embedded._postgres_binaries() / program), "-h", host, "-U", user, *words], check=True)
