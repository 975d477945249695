"""Celery's doors of this room."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Tenant
from billing import tasks
from billing.models import Code, Order
from foundation.models import ScheduledTask
from tests.billing.shop import place, stocked

pytestmark = pytest.mark.django_db


def test_overdue_orders_expire_by_themselves_and_the_run_is_recorded(tenant: Tenant) -> None:
    place(stocked(tenant))
    Order.objects.update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))
    assert tasks.expire_orders() == "1 orders"
    assert tasks.expire_orders() is None
    assert ScheduledTask.objects.get(name="expire orders").result == "1 orders"
    assert sorted(Code.objects.values_list("state", flat=True)) == ["available"] * 3


def test_overdue_codes_expire_by_themselves(tenant: Tenant) -> None:
    product = stocked(tenant)
    product.batches.update(redeem_by=timezone.now() - datetime.timedelta(seconds=1))
    assert tasks.expire_codes() == "3 codes"
    assert sorted(Code.objects.values_list("state", flat=True)) == ["expired"] * 3


def test_limits_and_wallets_are_looked_at_by_themselves(tenant: Tenant) -> None:
    assert tasks.tell_of_limits() == "0 limits, 0 wallets"
    assert tasks.forget_alerts() == 0
    assert ScheduledTask.objects.get(name="tell of limits").every_seconds == 60
