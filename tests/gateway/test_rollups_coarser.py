"""Coarser sums: exactly what the rows add up to, in every table, however they came about."""

from __future__ import annotations

import datetime
import random
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import ApiKey, Membership, User
from gateway import rollups
from gateway.models import UsageDay, UsageHour, UsageMemberDay, UsageModelDay, UsageRecord, UsageRetention, UsageSum, UsageTenantHour
from tests.billing.conftest import make_key, make_member
from tests.gateway.test_rollups import NOON, call

pytestmark = pytest.mark.django_db(transaction=True)

TABLES: tuple[type[UsageSum], ...] = (UsageHour, UsageDay, UsageTenantHour, UsageModelDay, UsageMemberDay)
SUMS = (
    "calls", "partial_calls", "disconnected_calls", "failed_calls", "uncosted_calls", "input_tokens", "output_tokens", "price_micros",
    "cost_micros", "total_ms", "last_at",
)  # fmt: skip


@pytest.fixture
def key() -> ApiKey:
    return make_key(make_member())


def kept(table: type[UsageSum]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Return a table's sums by its group."""
    width = 1 + len(table.group_columns)
    rows = table._default_manager.values_list("start", *table.group_columns, *SUMS)
    found = {row[:width]: row[width:] for row in rows}
    assert len(found) == len(rows)
    return found


def added(table: type[UsageSum]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Add up the raw rows in Python as a table should have them."""
    begin = rollups.hour_of if table in (UsageHour, UsageTenantHour) else rollups.day_of
    groups: dict[tuple[Any, ...], list[UsageRecord]] = {}
    for row in UsageRecord.objects.all():
        key = (begin(row.created_at), *((getattr(row, name) or 0) for name in table.group_columns))
        groups.setdefault(key, []).append(row)
    return {
        key: (
            len(rows),
            *(sum(row.status == status for row in rows) for status in ("partial", "disconnected", "failed")),
            sum(row.cost_micros is None for row in rows),
            *(sum(getattr(row, name) or 0 for row in rows) for name in SUMS[5:-1]),
            max(row.created_at for row in rows),
        )
        for key, rows in groups.items()
    }


def crowd(key: ApiKey, chance: random.Random, count: int) -> None:
    """Make calls of two tenants, four customers and eight sub-keys over three days."""
    other = make_member(slug="other")
    members = [key.membership, other]
    for number, tenant in enumerate((key.tenant, other.tenant)):
        user = User.objects.create_user(email=f"crowd{number}@example.test")
        members.append(Membership.objects.create(tenant=tenant, user=user))
    keys = [make_key(member) for member in members for _ in range(2)]
    for _ in range(count):
        calls(keys, chance)


def calls(keys: list[ApiKey], chance: random.Random) -> None:
    at = NOON - datetime.timedelta(minutes=chance.randrange(3 * 24 * 60))
    call(
        chance.choice(keys),
        at,
        model=chance.choice("abc"),
        channel_id=chance.choice([7, 8, None]),
        status=chance.choice(["ok", "ok", "partial", "disconnected", "failed"]),
        cost_micros=chance.choice([None, 4, 9]),
        price_micros=chance.randrange(10**12),
        input_tokens=chance.randrange(1000),
        output_tokens=chance.randrange(1000),
    )


def test_every_table_of_sums_is_exactly_what_the_rows_add_up_to(key: ApiKey) -> None:
    chance = random.Random(7)  # noqa: S311  # the same crowd every time
    crowd(key, chance, 120)
    rollups.roll_up()
    assert [kept(table) == added(table) for table in TABLES] == [True] * 5
    assert [len({row[1] for row in kept(table)}) for table in TABLES] == [2] * 5
    for _ in range(20):
        calls([key], chance)
    UsageRecord.objects.filter(model="b", membership=key.membership).delete()
    rollups.mark(since=NOON - 4 * rollups.DAY, until=NOON + rollups.HOUR)
    rollups.roll_up()
    assert [kept(table) == added(table) for table in TABLES] == [True] * 5


def test_coarser_sums_keep_what_the_rows_of_cleared_hours_were(key: ApiKey) -> None:
    crowd(key, random.Random(8), 40)  # noqa: S311  # the same crowd every time
    rollups.roll_up()
    before = [kept(table) for table in TABLES]
    for tenant_id in {row.tenant_id for row in UsageRecord.objects.all()}:
        UsageRetention.objects.create(tenant_id=tenant_id, cleared_until=NOON + rollups.HOUR)
    UsageRecord.objects.all().delete()
    rollups.mark(since=NOON - 4 * rollups.DAY, until=NOON + rollups.HOUR)
    rollups.roll_up()
    assert [kept(table) for table in TABLES] == before


def test_the_migration_fills_coarser_sums_from_those_that_are_there(key: ApiKey) -> None:
    crowd(key, random.Random(9), 60)  # noqa: S311  # the same crowd every time
    rollups.roll_up()
    call_command("migrate", "gateway", "0004", verbosity=0)
    try:
        assert "gateway_usagemodelday" not in connection.introspection.table_names()
    finally:
        call_command("migrate", "gateway", verbosity=0)
    assert [kept(table) == added(table) for table in TABLES] == [True] * 5
