"""A usage row in the back office: its sum, and what the platform keeps."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import keys
from accounts.models import Membership
from billing import price_book, price_lists
from foundation.ids import uuid7
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db


def test_the_platform_sees_arithmetic_cost_and_margin(client: Client, platform_admin: Membership, end_user: Membership) -> None:
    price_book.set_price(model="m", input=2_000_000, per_call=5)
    price_book.set_price(model="m", tenant=end_user.tenant, input=3_000_000)
    sold = price_lists.load(end_user.tenant_id).resolve("m")
    assert sold is not None
    charge = sold.charge(input=1_000)
    row = UsageRecord.objects.create(
        id=uuid7(), tenant=end_user.tenant, membership=end_user, api_key=keys.issue(membership=end_user, name="k").key, model="m",
        usage={"input": 1_000}, price_micros=charge.price_micros, numerator=charge.numerator, cost_micros=1_500, book=charge.book,
        splits=[list(split) for split in charge.splits],
    )  # fmt: skip
    client.force_login(platform_admin.user)
    text = client.get(f"/admin/gateway/usagerecord/{row.pk}/change/", HTTP_HOST="platform.test").content.decode()
    assert "input: 1,000 × $3.00 ÷ 1M = 3,000,000,000" in text
    assert "Σ 3,005,000,000 ÷ 1M → 3,005 µ$" in text
    # the platform's part 2,000 + 5, less 1,500
    assert "$0.000505" in text
