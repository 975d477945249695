"""Rewards for who brings customers over the API: the program of a shop, whom customers brought, and one's own link."""

from __future__ import annotations

import pytest

from accounts import referrals, tenants
from accounts.models import Membership, Referral, User
from billing.models import Order, ReferralProgram, ReferralReward
from tests.billing.test_checkout import order_of
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


@pytest.fixture
def brought(end_user: Membership) -> Referral:
    friend = tenants.join(tenant=end_user.tenant, user=User.objects.create_user(email="bob@shop.test"))
    return Referral.objects.create(referrer=end_user, referred=friend)


def test_a_shop_sets_what_it_gives(reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "referral-programs/", {"paid_in": "credit", "referrer_percent": 1250, "referred_fixed": 500, "cap": 2_000})
    assert (status, made["referrer_percent"], made["referred_fixed"], made["is_active"]) == (201, 1250, 500, True)
    path = f"referral-programs/{made['id']}/"
    changed = call("PATCH", path, {"referrer_fixed": 300, "least_minor": 3_900, "most_rewards": 10, "wait_days": 7})[1]
    assert (changed["referrer_fixed"], changed["referrer_percent"], changed["cap"]) == (300, None, 2_000)
    both = call("PATCH", path, {"referred_fixed": 1, "referred_percent": 1})
    assert (both[0], list(both[1]["error"]["fields"])) == (409, ["referred_percent"])
    row = ReferralProgram.objects.get()
    assert (row.referred_fixed, row.referred_percent, row.least_minor, row.most_rewards, row.wait_days) == (500, None, 3_900, 10, 7)
    assert call("PATCH", path, {"referred_fixed": None})[1]["referred_fixed"] is None
    assert call("POST", "referral-programs/", {"paid_in": "credit"})[0] == 409
    theirs = ReferralProgram.objects.create(tenant=stranger.tenant, referrer_fixed=1)
    assert call("PATCH", f"referral-programs/{theirs.pk}/", {"is_active": False})[0] == 404


def test_staff_read_who_brought_whom_and_what_was_given(brought: Referral, reseller_owner: Membership, stranger: Membership) -> None:
    order: Order = order_of(brought.referred)
    given = ReferralReward.objects.create(
        referral=brought, member=brought.referrer, order=order, paid_in="credit", currency="CNY", amount=500
    )
    call = program(reseller_owner)
    [row] = call("GET", f"referrals/?referrer={brought.referrer_id}")[1]["results"]
    assert (row["id"], row["referrer"], row["referred"]) == (brought.pk, brought.referrer_id, brought.referred_id)
    [reward] = call("GET", f"referral-rewards/?order={order.number}")[1]["results"]
    assert (reward["id"], reward["amount"], reward["currency"], reward["customer"]) == (given.pk, 500, "CNY", brought.referrer_id)
    assert call("GET", "referral-rewards/?paid_in=quota")[1]["results"] == []
    other = program(stranger, host="elsewhere.test")
    assert [other("GET", f"{path}/")[0] for path in (f"referrals/{brought.pk}", f"referral-rewards/{given.pk}")] == [404, 404]
    assert program(brought.referrer)("GET", "referrals/")[0] == 404


def test_a_customer_finds_the_own_link_and_what_it_brought(brought: Referral, end_user: Membership) -> None:
    call = program(end_user)
    assert call("GET", "me/referrals/")[1]["link"] == ""
    ReferralProgram.objects.create(tenant=end_user.tenant, referrer_fixed=500)
    status, told = call("GET", "me/referrals/")
    assert (status, told["link"]) == (200, f"http://shop.test/r/{referrals.code_of(end_user)}/")
    assert told["terms"] == ["You get ¥5.00 (store credit) for the first purchase of everybody you bring."]
    assert [(one["referral"], one["name"]) for one in told["brought"]] == [(brought.pk, "b***")]
    assert (told["rewards"], "bob" in str(told)) == ([], False)
