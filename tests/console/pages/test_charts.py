"""The small line that shows what a key spent."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership
from console.pages import charts
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db


def test_a_line_goes_through_what_each_day_cost(client: Client, end_user: Membership) -> None:
    used, idle = (keys.issue(membership=end_user, name=name).key for name in ("used", "idle"))
    ApiKey.objects.filter(pk=used.pk).update(models_allowed=["m-1", "m-2"])
    today = rollups.day_of(timezone.now())
    for back, price in ((0, 200), (1, 100), (20, 900)):
        at = today - back * rollups.DAY + datetime.timedelta(seconds=1)
        UsageRecord.objects.create(
            id=uuid7(int(at.timestamp() * 1000)), tenant=end_user.tenant, membership=end_user, api_key=used, model="m-1", price_micros=price
        )
    rollups.roll_up()
    assert charts.sparks(api_key_ids=[used.pk, idle.pk], days=3) == {used.pk: charts.Spark(300, "1.0,23.0 42.0,12.0 83.0,1.0")}
    assert charts.sparks(api_key_ids=[], days=3) == {}
    client.force_login(end_user.user)
    page = client.get("/console/keys/", HTTP_HOST="shop.test").content.decode()
    assert page.count("<polyline") == 1
    assert 'aria-label="$0.0003 spent in 14 days"' in page
    assert "m-1, m-2" in page
