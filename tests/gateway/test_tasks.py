"""Usage's periodic work: done when it is due, and written down."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import Membership
from billing.models import PromotionRule
from foundation import jobs, partitions
from foundation.ids import uuid7
from foundation.models import ScheduledTask
from gateway import retention, tasks
from gateway.models import UsageDay, UsageRecord, UsageRetention

pytestmark = pytest.mark.django_db


def _call(member: Membership, days_ago: int) -> None:
    key = keys.issue(membership=member, name="k").key
    stamp = int((timezone.now() - datetime.timedelta(days=days_ago)).timestamp() * 1000)
    who = {"tenant_id": member.tenant_id, "membership": member, "api_key": key}
    UsageRecord.objects.create(id=uuid7(stamp), model="m", price_micros=5, **who)


def _result(name: str) -> tuple[str, str]:
    task = ScheduledTask.objects.get(name=name)
    return task.result, task.error


def test_usage_is_summed_once_an_interval(end_user: Membership) -> None:
    _call(end_user, 0)
    assert (tasks.roll_up_usage(), tasks.roll_up_usage()) == (1, None)
    assert _result("sum usage") == ("1", "")
    assert [day.price_micros for day in UsageDay.objects.all()] == [5]


def test_missing_months_are_made(end_user: Membership) -> None:
    retention.make_months()
    partitions.drop(partitions.months(table=retention.TABLE)[-1])
    assert tasks.make_partitions() == 1
    assert _result("make usage partitions") == ("1", "")


def test_old_usage_is_forgotten(end_user: Membership) -> None:
    retention.set_days(tenant=end_user.tenant, days=7)
    _call(end_user, 0)
    _call(end_user, 8)
    assert tasks.forget_old_usage() == "months none, rows 1"
    assert UsageRecord.objects.count() == 1
    assert UsageDay.objects.count() == 2
    assert UsageRetention.objects.get(tenant=end_user.tenant).cleared_until is not None


def test_customers_are_promoted_once_an_interval(end_user: Membership) -> None:
    PromotionRule.objects.create(tenant=end_user.tenant, group="vip", rank=1, used_micros=5)
    _call(end_user, 0)
    tasks.roll_up_usage()
    assert (tasks.promote_customers(), tasks.promote_customers()) == ("1 customers", None)
    assert _result("promote customers") == ("1 customers", "")
    end_user.refresh_from_db()
    assert end_user.group == "vip"
    assert jobs.beat_schedule()["gateway.tasks.promote_customers"]["schedule"] == 600.0
