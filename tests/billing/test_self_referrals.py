"""Decisions about referrals that may be of one person: see also the rewards' own tests."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, Membership, Referral
from billing import self_referrals
from tests.billing.test_referrals import bring
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_the_shop_decides_once_over_the_api(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    brought = bring(end_user, "ann+2@shop.test")
    row = Referral.objects.get(referred=brought)
    assert self_referrals.doubt(row)
    call, at = program(reseller_owner), f"referrals/{row.pk}/"
    assert program(stranger, host="elsewhere.test")("POST", f"{at}allow/")[0] == 404
    assert [one["doubt"] for one in call("GET", "referrals/?doubt=mailbox")[1]["results"]] == ["mailbox"]
    assert call("POST", f"{at}allow/")[1]["doubt"] == "allowed"
    assert call("POST", f"{at}refuse/")[1]["error"]["code"] == "refused"
    row.refresh_from_db()
    assert not self_referrals.doubt(row)
    assert [one.action for one in AuditEvent.objects.all()] == ["referral.allow"]
