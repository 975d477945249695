"""A database that hangs: callers wait for their patience, what the purse holds is spent on, and nothing is unknown afterwards."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Membership
from billing import leases, purse
from billing.models import LedgerAccount
from billing.purse import Purse
from foundation import db
from tests.billing.conftest import grant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def _threads() -> Iterator[None]:
    yield
    db.close_threads()


@pytest.fixture
def rich(_threads: None, member: Membership) -> Membership:
    grant(member, 1_000_000)
    return member


def held(member: Membership) -> int:
    return LedgerAccount.objects.get(owner=member.pk, kind="wallet").held


async def test_a_silent_database_stops_only_what_the_purse_does_not_cover(rich: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purse, "PATIENCE_SECONDS", 0.3)
    one = Purse(worker_id=uuid.uuid4(), node="test")
    await one.start()
    one.void(await one.reserve(wallet=rich.pk, amount=100))
    speaks, asked, real = threading.Event(), [], leases.take

    def take(**words: Any) -> leases.Taken:
        asked.append(words["need"])
        speaks.wait(10)
        return real(**words)

    monkeypatch.setattr(leases, "take", take)
    large = asyncio.create_task(one.reserve(wallet=rich.pk, amount=100_000))
    await asyncio.sleep(0.05)
    small = [asyncio.create_task(one.reserve(wallet=rich.pk, amount=100)) for _ in range(3)]
    with pytest.raises(purse.SettlementBacklog):
        await large
    assert [(await task).amount for task in small] == [100, 100, 100]

    speaks.set()
    again = await one.reserve(wallet=rich.pk, amount=100_000)
    assert len(asked) <= 2  # those who went away ask for nothing
    for reservation in [again, *(task.result() for task in small)]:
        one.void(reservation)
    await one.stop()
    assert await db.query(held, rich) == 0
