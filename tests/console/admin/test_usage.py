"""A usage row in the back office: its sum, and what the platform keeps."""

from __future__ import annotations

import time
from base64 import b64encode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import Membership
from billing import price_book, price_lists
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord
from tests.console.api.conftest import program

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


@pytest.fixture
def rare(end_user: Membership) -> list[UsageRecord]:
    """Three calls of a model, months apart, with others between them."""
    key, day = keys.issue(membership=end_user, name="k").key, 86_400_000

    def call(days_ago: int, model: str) -> UsageRecord:
        at = int(time.time() * 1000) - days_ago * day
        return UsageRecord.objects.create(id=uuid7(at), tenant=key.tenant, membership=end_user, api_key=key, model=model)

    for days_ago in (1, 50, 150):
        call(days_ago, "often")
    found = [call(days_ago, "rare") for days_ago in (0, 100, 200)]
    while rollups.roll_up():
        pass
    return found


def read_of(asked: CaptureQueriesContext) -> int:
    """How many of the queries read calls."""
    return len([one for one in asked.captured_queries if 'FROM "gateway_usagerecord"' in one["sql"]])


def test_the_back_office_reads_only_days_that_have_calls_of_the_model(
    client: Client, reseller_owner: Membership, rare: list[UsageRecord]
) -> None:
    client.force_login(reseller_owner.user)
    address = "/reseller/gateway/usagerecord/?q=rare&time=400d"
    for before, shown in ((None, rare), (rare[0].pk, rare[1:]), (rare[2].pk, [])):
        page = client.get(f"{address}&before={before}" if before else address, HTTP_HOST="shop.test")
        assert [row.pk for row in page.context["cl"].result_list] == [row.pk for row in shown]
    with CaptureQueriesContext(connection) as asked:
        week = client.get("/reseller/gateway/usagerecord/?q=rare", HTTP_HOST="shop.test")
    assert (list(week.context["cl"].result_list), read_of(asked)) == ([rare[0]], 1)


def test_a_program_reads_only_days_that_have_calls_of_the_model(reseller_owner: Membership, rare: list[UsageRecord]) -> None:
    call = program(reseller_owner)
    seen, path = [], "usage/?model=rare&limit=2"
    while path:
        told = call("GET", path)[1]
        seen.append([one["id"] for one in told["results"]])
        back = told["previous"]
        path = (told["next"] or "").partition("/api/v1/")[2]
    assert seen == [[str(row.pk) for row in rare[:2]], [str(rare[2].pk)]]
    assert [one["id"] for one in call("GET", back.partition("/api/v1/")[2])[1]["results"]] == seen[0]
    assert call("GET", f"usage/?model=rare&cursor={b64encode(b'p=nonsense').decode()}")[0] == 404
    assert call("GET", "usage/?model=none")[1]["results"] == []
