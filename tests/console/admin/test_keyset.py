"""Usage in the back office: a page goes on below the last id, whatever came in between."""

from __future__ import annotations

import datetime
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership
from console.admin.usage import UsageRecordAdmin
from foundation.ids import uuid7
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db
LIST = "/reseller/gateway/usagerecord/"


@pytest.fixture
def desk(reseller_owner: Membership, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(UsageRecordAdmin, "list_per_page", 2)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    return client


@pytest.fixture
def key(end_user: Membership) -> ApiKey:
    return keys.issue(membership=end_user, name="k").key


def call(key: ApiKey, seconds_ago: int, status: str = "ok") -> UUID:
    stamp = int((timezone.now() - datetime.timedelta(seconds=seconds_ago)).timestamp() * 1000)
    who = {"tenant_id": key.tenant_id, "membership_id": key.membership_id, "api_key": key}
    return UsageRecord.objects.create(id=uuid7(stamp), model="m", status=status, **who).id


def page(desk: Client, address: str) -> tuple[list[UUID], str, str]:
    """Return what a page shows, and its links to older rows and to the newest."""
    found = desk.get(LIST + address).context["cl"]
    return [row.pk for row in found.result_list], found.paginator.older, found.paginator.newest


def test_pages_go_on_where_the_last_one_ended(desk: Client, key: ApiKey) -> None:
    made = [call(key, ago) for ago in (50, 40, 30)]
    shown, older, newest = page(desk, "")
    assert (shown, older, newest) == ([made[2], made[1]], f"?before={made[1]}", "")
    call(key, 0)
    assert page(desk, older) == ([made[0]], "", "?")
    assert f"before={made[1]}" not in desk.get(LIST + older).content.decode()


def test_filters_stay_while_paging(desk: Client, key: ApiKey) -> None:
    made = [call(key, 60 - number, "failed") for number in range(3)]
    call(key, 10)
    shown, older, _newest = page(desk, "?status__exact=failed&time=1h")
    assert shown == [made[2], made[1]]
    assert page(desk, older) == ([made[0]], "", "?status__exact=failed&time=1h")


def test_rows_are_neither_counted_nor_skipped(desk: Client, key: ApiKey) -> None:
    made = [call(key, ago) for ago in (50, 40, 30)]
    with CaptureQueriesContext(connection) as asked:
        page(desk, f"?before={made[2]}")
    usage = [one["sql"] for one in asked if 'FROM "gateway_usagerecord"' in one["sql"]]
    assert len(usage) == 1
    assert "COUNT(" not in usage[0].upper()
    assert "OFFSET" not in usage[0].upper()


def test_a_made_up_cursor_leads_to_the_list(desk: Client, key: ApiKey) -> None:
    call(key, 1)
    assert desk.get(LIST + "?before=x").headers["Location"].endswith("?e=1")
