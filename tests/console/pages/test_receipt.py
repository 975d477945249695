"""The arithmetic of a call on its page: who sees which part of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import keys, tenants
from accounts.models import Membership
from billing import price_book, price_lists
from foundation.ids import uuid7
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(end_user: Membership) -> UsageRecord:
    """1,000 tokens in at $2 wholesale and $3 retail, 100 out at $8 and $10, which cost us 1,500 µ$."""
    price_book.set_price(model="m", input=2_000_000, output=8_000_000)
    price_book.set_price(model="m", tenant=end_user.tenant, input=3_000_000, output=10_000_000)
    sold = price_lists.load(end_user.tenant_id).resolve("m")
    assert sold is not None
    usage = {"input": 1_000, "output": 100}
    charge = sold.charge_for(usage)
    # retail 3,000 + 1,000; wholesale 2,000 + 800
    assert charge.price_micros == 4_000
    return UsageRecord.objects.create(
        id=uuid7(), tenant=end_user.tenant, membership=end_user, api_key=keys.issue(membership=end_user, name="k").key,
        model="m", usage=usage, price_micros=charge.price_micros, numerator=charge.numerator, cost_micros=1_500, book=charge.book,
        splits=[list(split) for split in charge.splits],
    )  # fmt: skip


def page(client: Client, member: Membership, call: UsageRecord, host: str = "shop.test") -> Any:
    client.force_login(member.user)
    return client.get(f"/console/calls/{call.pk}/", HTTP_HOST=host)


def test_a_customer_sees_the_sum_and_no_ones_part(client: Client, end_user: Membership, call: UsageRecord) -> None:
    answer = page(client, end_user, call)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert (answer.context["parts"], answer.context["margin"]) == ([], None)
    for shown in ("3,000,000,000", "1,000,000,000", "4,000,000,000", "$0.004000"):
        assert shown in text
    assert "Upstream cost" not in text


def test_the_sellers_staff_see_purchase_and_margin(client: Client, reseller_owner: Membership, call: UsageRecord) -> None:
    answer = page(client, reseller_owner, call)
    assert [(part.name, part.micros) for part in answer.context["parts"]] == [("Wholesale price", 2_800), ("Your margin", 1_200)]
    assert answer.context["margin"] is None


def test_the_platform_sees_all_parts_the_cost_and_its_margin(client: Client, platform_admin: Membership, call: UsageRecord) -> None:
    answer = page(client, platform_admin, call, host="platform.test")
    names = [platform_admin.tenant.name, call.tenant.name]
    assert [(part.name, part.micros) for part in answer.context["parts"]] == list(zip(names, (2_800, 1_200), strict=True))
    # 2,800 − 1,500
    assert answer.context["margin"] == 1_300


def test_others_find_nothing(client: Client, end_user: Membership, stranger: Membership, call: UsageRecord) -> None:
    assert page(client, stranger, call, host="elsewhere.test").status_code == 404
    neighbour = tenants.join(tenant=end_user.tenant, user=stranger.user)
    assert page(client, neighbour, call).status_code == 404


def test_the_list_of_calls_leads_there(client: Client, end_user: Membership, call: UsageRecord) -> None:
    client.force_login(end_user.user)
    assert f'href="/console/calls/{call.pk}/"' in client.get("/console/calls/", HTTP_HOST="shop.test").content.decode()
