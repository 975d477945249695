"""A call's arithmetic over the API: for its owner and for the shop's staff, for nobody else."""

from __future__ import annotations

import pytest

from accounts import keys
from accounts.models import Membership
from billing import price_book
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord
from tests.console.api.conftest import Program, program

pytestmark = pytest.mark.django_db


def called(member: Membership, *, model: str, micros: int) -> int:
    """Make a call by a key of its own; return the key."""
    key = keys.issue(membership=member, name="k").key
    UsageRecord.objects.create(id=uuid7(), tenant=member.tenant, membership=member, api_key=key, model=model, price_micros=micros)
    return key.pk


def test_usage_is_summed_by_each_column_and_narrowed_by_each_other(
    end_user: Membership, reseller_owner: Membership, stranger: Membership
) -> None:
    first, second = called(end_user, model="a", micros=1), called(end_user, model="b", micros=20)
    third = called(reseller_owner, model="a", micros=300)
    called(stranger, model="a", micros=4000)
    rollups.roll_up()
    staff, own = program(reseller_owner), program(end_user)

    def summed(call: Program, query: str) -> dict[str, int]:
        return {one["group"]: one["price_micros"] for one in call("GET", f"usage/summary/?{query}")[1]["results"]}

    ann, boss = str(end_user.pk), str(reseller_owner.pk)
    assert summed(staff, "by=model") == {"a": 301, "b": 20}
    assert summed(staff, "by=customer") == {ann: 21, boss: 300}
    assert summed(staff, "by=customer&model=a") == {ann: 1, boss: 300}
    assert summed(staff, f"by=model&customer={ann}") == {"a": 1, "b": 20}
    assert summed(staff, f"by=model&key={third}") == {"a": 300}
    assert summed(staff, "by=key") == {str(first): 1, str(second): 20, str(third): 300}
    assert list(summed(staff, "by=day").values()) == [321]
    assert list(summed(staff, f"by=day&customer={ann}").values()) == [21]
    assert summed(own, "by=model") == {"a": 1, "b": 20}
    assert list(summed(own, "by=day").values()) == [21]
    assert summed(own, f"by=model&customer={boss}") == {}


def test_a_call_is_explained(end_user: Membership, reseller_owner: Membership, stranger: Membership, platform_admin: Membership) -> None:
    price_book.set_price(model="m", input=1_000_000, output=2_000_000)
    key = keys.issue(membership=end_user, name="k").key
    record = UsageRecord.objects.create(
        id=uuid7(), tenant=end_user.tenant, membership=end_user, api_key=key, model="m", usage={"input": 10}, price_micros=10, cost_micros=3
    )
    for member in (end_user, reseller_owner):
        status, told = program(member)("GET", f"usage/{record.pk}/")
        assert (status, told["price_micros"], told["buckets"], "arithmetic" in told) == (200, 10, {"input": 10}, True)
        assert (told["upstream"], "cost_micros" in str(told)) == (None, False)
    told = program(platform_admin, host="platform.test")("GET", f"usage/{record.pk}/")[1]["upstream"]
    assert (told["channel"], told["cost_micros"], told["tried"]) == (None, 3, [])
    assert program(stranger, host="elsewhere.test")("GET", f"usage/{record.pk}/")[0] == 404
