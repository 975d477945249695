"""Celery's doors of this room."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Tenant
from billing import tasks
from billing.models import Code, Order
from foundation import jobs, standby
from foundation.models import ScheduledTask
from foundation.tasks import SWEEP
from tests.billing.shop import place, stocked

pytestmark = pytest.mark.django_db


def test_overdue_orders_expire_by_themselves_and_the_run_is_recorded(tenant: Tenant) -> None:
    place(stocked(tenant))
    Order.objects.update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))
    assert tasks.expire_orders() == "1 orders"
    assert tasks.expire_orders() is None
    assert ScheduledTask.objects.get(name="expire orders").result == "1 orders"
    assert sorted(Code.objects.values_list("state", flat=True)) == ["available"] * 3


def test_what_holds_money_ends_without_a_worker_too(tenant: Tenant) -> None:
    place(stocked(tenant))
    Order.objects.update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))
    wanted = {"expire orders", "ask gateways", "send refunds", "bury lost relay workers", "expire holds", "collect debts"}
    assert wanted < set(jobs.needed())
    long_ago = timezone.now() - datetime.timedelta(minutes=10)
    for name in (SWEEP, *jobs.needed()):
        ScheduledTask.objects.create(name=name, every_seconds=5, started_at=long_ago, finished_at=long_ago)
    standby.look()
    assert set(Order.objects.values_list("state", flat=True)) == {"expired"}
    assert sorted(Code.objects.values_list("state", flat=True)) == ["available"] * 3
    assert not ScheduledTask.objects.filter(finished_at=long_ago).exists()
    assert not ScheduledTask.objects.exclude(error="").exists()


def test_overdue_codes_expire_by_themselves(tenant: Tenant) -> None:
    product = stocked(tenant)
    product.batches.update(redeem_by=timezone.now() - datetime.timedelta(seconds=1))
    assert tasks.expire_codes() == "3 codes"
    assert sorted(Code.objects.values_list("state", flat=True)) == ["expired"] * 3


def test_limits_and_wallets_are_looked_at_by_themselves(tenant: Tenant) -> None:
    assert tasks.tell_of_limits() == "0 limits, 0 wallets"
    assert tasks.forget_alerts() == 0
    assert ScheduledTask.objects.get(name="tell of limits").every_seconds == 60
