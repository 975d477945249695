"""Cells and their watcher: shared loads, bounded memory, every kind of change seen."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection
from pytest_django import Settings

from accounts.models import ApiKey, Membership, Tenant, User
from foundation import db, snapshots
from foundation.models import SnapshotVersion

# A query thread may have a connection of an earlier test.
pytestmark = pytest.mark.django_db


async def test_concurrent_callers_share_one_load() -> None:
    loads: list[str] = []
    gate = threading.Event()

    def load(key: str) -> str:
        loads.append(key)
        gate.wait(5)
        return key.upper()

    cell = snapshots.Cell(kind="t-shared", load=load)
    waiting = [asyncio.ensure_future(cell.get("a")) for _ in range(5)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(*waiting) == ["A"] * 5
    assert loads == ["a"]
    assert cell.peek("a") == "A"
    assert cell.peek("b") is None


async def test_the_least_recently_used_value_leaves_first() -> None:
    cell = snapshots.Cell(kind="t-lru", load=str.upper, size=2)
    await cell.get("a")
    await cell.get("b")
    cell.peek("a")
    await cell.get("c")
    assert [cell.peek(key) for key in "abc"] == ["A", None, "C"]


async def test_an_unknown_key_is_asked_for_once_and_pushes_nothing_out() -> None:
    loads: list[str] = []

    def load(key: str) -> str | None:
        loads.append(key)
        return "found" if key == "known" else None

    cell = snapshots.Cell(kind="t-miss", load=load, size=1)
    assert await cell.get("known") == "found"
    assert [await cell.get("guess"), await cell.get("guess")] == [None, None]
    assert loads == ["known", "guess"]
    assert cell.peek("known") == "found"


async def test_a_load_that_a_change_overtook_is_not_kept() -> None:
    gate, began = threading.Event(), threading.Event()

    def load(key: str) -> str:
        began.set()
        gate.wait(5)
        return "old"

    cell = snapshots.Cell(kind="t-race", load=load)
    waiting = asyncio.ensure_future(cell.get("a"))
    await asyncio.to_thread(began.wait, 5)
    snapshots.clear("t-race")
    gate.set()
    assert await waiting == "old"
    assert cell.peek("a") is None


async def test_a_value_whose_time_is_over_is_loaded_again() -> None:
    loads: list[str] = []

    def load(key: str) -> str:
        loads.append(key)
        return f"{key}{len(loads)}"

    cell = snapshots.Cell(kind="t-lasts", load=load, lasts=lambda value: 0.05 if value == "a1" else None)
    assert await cell.get("a") == "a1"
    await asyncio.sleep(0.06)  # a later timer of the same loop
    assert [await cell.get("a"), cell.peek("a")] == ["a2", "a2"]


async def test_a_failed_load_is_tried_again() -> None:
    answers: list[str | Exception] = [RuntimeError("away"), "here"]

    def load(key: str) -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    cell = snapshots.Cell(kind="t-fail", load=load)
    with pytest.raises(RuntimeError, match="away"):
        await cell.get("a")
    assert await cell.get("a") == "here"


@pytest.mark.django_db(transaction=True)
async def test_the_watcher_clears_only_kinds_that_changed() -> None:
    keys, prices = (snapshots.Cell(kind=kind, load=str.upper) for kind in ("keys", "prices"))
    watcher = snapshots.Watcher()
    await watcher.poll()
    await keys.get("a")
    await prices.get("a")
    await db.query(Tenant.objects.create, slug="new", name="New", parent=None)
    await watcher.poll()
    assert (keys.peek("a"), prices.peek("a")) == (None, "A")


@pytest.mark.django_db(transaction=True)
async def test_the_first_poll_distrusts_everything() -> None:
    cell = snapshots.Cell(kind="keys", load=str.upper)
    await cell.get("a")
    await snapshots.Watcher().poll()
    assert cell.peek("a") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.redis
async def test_an_announced_change_arrives_before_the_next_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "POLL_SECONDS", 3600)
    cell = snapshots.Cell(kind="keys", load=str.upper)
    watching = asyncio.create_task(snapshots.Watcher().run())
    try:
        async with asyncio.timeout(20):
            await _until(lambda: _listeners() == 1)
            await cell.get("a")
            snapshots.announce("keys")
            await _until(lambda: cell.peek("a") is None)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  # what we wait for is outside this loop
        await asyncio.sleep(0.01)


def _listeners() -> int:
    with redis.Redis.from_url(django_settings.REDIS_URL) as client:
        return int(client.pubsub_numsub(snapshots.CHANNEL)[0][1])


def test_announcing_without_redis_only_logs(settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    snapshots.announce("keys")


def _raw(sql: str) -> Callable[[], object]:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql)

    return run


CHANGES: dict[str, Callable[[], object]] = {
    "update of a key": lambda: ApiKey.objects.update(name="x"),
    "update of a membership": lambda: Membership.objects.update(role="owner"),
    "update of a tenant": lambda: Tenant.objects.update(name="x"),
    "a person deactivated": lambda: User.objects.update(is_active=False),
    "raw update": _raw("UPDATE accounts_apikey SET state = 'revoked'"),
    "raw delete": _raw("DELETE FROM accounts_tenantdomain"),
    "raw group": _raw("""UPDATE accounts_membership SET "group" = 'vip'"""),
}


@pytest.mark.django_db
@pytest.mark.parametrize("change", CHANGES)
def test_every_way_to_change_a_row_raises_the_version(change: str) -> None:
    Tenant.objects.create(slug="root", name="Root")
    before = snapshots.read_versions()["keys"]
    CHANGES[change]()
    assert snapshots.read_versions()["keys"] > before


@pytest.mark.django_db
def test_a_sign_in_does_not_raise_the_version() -> None:
    Tenant.objects.create(slug="root", name="Root")
    before = snapshots.read_versions()
    User.objects.update(last_login="2026-01-01T00:00:00Z")
    assert snapshots.read_versions() == before


@pytest.mark.django_db
def test_a_version_is_never_used_twice() -> None:
    tenant = Tenant.objects.create(slug="root", name="Root")
    before = snapshots.read_versions()["keys"]
    SnapshotVersion.objects.all().delete()
    tenant.save(update_fields=["name"])
    assert snapshots.read_versions()["keys"] > before
