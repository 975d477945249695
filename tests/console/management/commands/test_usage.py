"""A sub-key's last calls from the command line, page by page."""

from __future__ import annotations

import datetime
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership
from foundation.ids import uuid7
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(end_user: Membership) -> ApiKey:
    key = keys.issue(membership=end_user, name="k").key
    for price in (1, 2, 3):
        stamp = int((timezone.now() - datetime.timedelta(minutes=10 - price)).timestamp() * 1000)
        who = {"tenant_id": key.tenant_id, "membership_id": key.membership_id, "api_key": key}
        UsageRecord.objects.create(id=uuid7(stamp), model="m", price_micros=price, **who)
    return key


def _run(*options: str) -> list[dict[str, Any]]:
    out = StringIO()
    call_command("usage", *options, "--json", stdout=out)
    rows: list[dict[str, Any]] = json.loads(out.getvalue())
    return rows


def test_pages_go_on_below_the_last_call(key: ApiKey) -> None:
    first = _run("--key", key.prefix, "--limit", "2")
    assert [row["price_micros"] for row in first] == [3, 2]
    assert [row["price_micros"] for row in _run("--key", key.prefix, "--before", first[-1]["id"])] == [1]


def test_a_prefix_of_no_key_is_refused(key: ApiKey) -> None:
    with pytest.raises(CommandError, match="No sub-key begins with sk-nothing"):
        _run("--key", "sk-nothing")
