"""A shop sets what it gives to who brings customers, as shares or amounts, and sees what was given."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Referral, Tenant
from billing import self_referrals
from billing.models import ReferralProgram
from tests.billing.test_referrals import bring

pytestmark = pytest.mark.django_db
LIST = "/reseller/billing/referralprogram/"
TYPED = {
    "is_active": "on",
    "paid_in": "credit",
    "referrer": "",
    "referred": "",
    "cap_text": "",
    "least": "",
    "most_rewards": "",
    "wait_days": "0",
}


def test_shares_and_amounts_are_read_as_typed(desk: Client, tenant: Tenant) -> None:
    typed = TYPED | {"referrer": "12.5 %", "referred": "5.00", "cap_text": "20", "least": "39.00", "most_rewards": "10", "wait_days": "7"}
    assert desk.post(f"{LIST}add/", typed).status_code == 302
    row = ReferralProgram.objects.get(tenant=tenant)
    assert (row.referrer_percent, row.referrer_fixed, row.referred_percent, row.referred_fixed) == (1250, None, None, 500)
    assert (row.cap, row.least_minor, row.most_rewards, row.wait_days) == (2000, 3900, 10, 7)
    page = desk.get(f"{LIST}{row.pk}/change/").content.decode()
    for shown in ('value="12.5 %"', 'value="5.00"', 'value="20.00"', 'value="39.00"'):
        assert shown in page
    assert desk.get(f"{LIST}add/").status_code == 403


def test_of_quota_amounts_are_dollars(desk: Client, tenant: Tenant) -> None:
    desk.post(f"{LIST}add/", TYPED | {"paid_in": "quota", "referrer": "0.50"})
    row = ReferralProgram.objects.get(tenant=tenant)
    assert row.referrer_fixed == 500_000
    desk.post(f"{LIST}{row.pk}/change/", TYPED | {"referrer": "10%"})
    changed = ReferralProgram.objects.get(pk=row.pk)
    assert (changed.paid_in, changed.referrer_fixed, changed.referrer_percent) == ("credit", None, 1000)


@pytest.mark.parametrize("text", ["120 %", "0%", "a lot", "0.001 %", "-5"])
def test_what_is_no_amount_is_refused(desk: Client, text: str) -> None:
    assert desk.post(f"{LIST}add/", TYPED | {"referrer": text}).status_code == 200
    assert not ReferralProgram.objects.exists()


def test_a_shop_allows_or_refuses_what_may_be_one_person(desk: Client, end_user: Membership) -> None:
    rows = [Referral.objects.get(referred=bring(end_user, f"ann+{n}@shop.test")) for n in range(2)]
    assert all(self_referrals.doubt(row) for row in rows)
    assert "the same mailbox" in desk.get("/reseller/accounts/referral/").content.decode()
    for row, verb in zip(rows, ("allow", "refuse"), strict=True):
        at = f"/reseller/accounts/referral/{row.pk}/{verb}/"
        assert desk.get(at).status_code == 200
        for _press in range(2):
            assert desk.post(at).status_code == 302
        row.refresh_from_db()
    assert [(row.doubt, row.settled_at is None) for row in rows] == [("allowed", True), ("refused", False)]
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["referral.allow", "referral.refuse"]
