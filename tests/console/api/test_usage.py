"""A call's arithmetic over the API: for its owner and for the shop's staff, for nobody else."""

from __future__ import annotations

import pytest

from accounts import keys
from accounts.models import Membership
from billing import price_book
from foundation.ids import uuid7
from gateway.models import UsageRecord
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_call_is_explained(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    key = keys.issue(membership=end_user, name="k").key
    record = UsageRecord.objects.create(
        id=uuid7(), tenant=end_user.tenant, membership=end_user, api_key=key, model="m", usage={"input": 10}, price_micros=10, cost_micros=3
    )
    for member in (end_user, reseller_owner):
        status, told = program(member)("GET", f"usage/{record.pk}/")
        assert (status, told["price_micros"], told["buckets"], "arithmetic" in told) == (200, 10, {"input": 10}, True)
        assert not {"cost_micros", "channel_id"} & set(told)
    assert program(stranger, host="elsewhere.test")("GET", f"usage/{record.pk}/")[0] == 404
