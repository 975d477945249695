"""Withdrawals over the API: asked for once by the shop, decided by the platform alone, paid once."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, Membership
from billing import audit
from billing.models import PaymentAttempt, Withdrawal
from tests.billing.shop import PRICE, attempt, pay, sandbox, stocked
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def earned(member: Membership, operator: Membership) -> None:
    """Let a buyer pay through an account that the platform lends, long ago."""
    account = sandbox(operator.tenant)
    account.lent_to.add(member.tenant)
    made = attempt(stocked(member.tenant), account)
    pay(made)
    PaymentAttempt.objects.filter(pk=made.pk).update(ended_at=timezone.now() - datetime.timedelta(days=30))


def test_a_shop_asks_once_and_the_platform_pays_once(reseller_owner: Membership, platform_admin: Membership) -> None:
    earned(reseller_owner, platform_admin)
    shop, platform = program(reseller_owner), program(platform_admin, host="platform.test")
    assert [one["available_minor"] for one in shop("GET", "withdrawals/standings/")[1]] == [PRICE]
    body = {"currency": "cny", "amount_minor": 3_000, "destination": "Bank 1"}
    status, asked = shop("POST", "withdrawals/", body, idempotency_key="w")
    assert shop("POST", "withdrawals/", body, idempotency_key="w") == (status, asked)
    assert (status, asked["state"], asked["amount_minor"], Withdrawal.objects.count()) == (201, "requested", 3_000, 1)
    assert shop("POST", "withdrawals/", body)[1]["error"]["fields"].keys() == {"amount_minor"}
    row = f"withdrawals/{asked['id']}/"
    assert [shop("POST", f"{row}{act}/", {"reason": "x", "reference": "x"})[0] for act in ("approve", "decline", "mark-paid")] == [404] * 3
    assert platform("POST", f"{row}approve/")[1]["state"] == "approved"
    assert platform("POST", f"{row}mark-paid/", {"reference": "T-1"})[1]["state"] == "paid"
    assert platform("POST", f"{row}decline/", {"reason": "late"})[1]["error"]["code"] == "refused"
    assert [(one["amount_minor"], one["reference"]) for one in shop("GET", "withdrawals/?state=paid")[1]["results"]] == [(3_000, "T-1")]
    lines = shop("GET", "withdrawals/statement/")[1]
    assert [(one["unit"], one["amount"], one["balance"]) for one in lines if one["account"] == "payable"] == [
        ("CNY", -3_000, PRICE - 3_000), ("CNY", PRICE, PRICE),
    ]  # fmt: skip
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["withdrawal.ask", "withdrawal.approve", "withdrawal.mark_paid"]
    assert audit.run() == []


def test_what_is_not_owed_is_not_asked_for(reseller_owner: Membership, platform_admin: Membership, stranger: Membership) -> None:
    body = {"currency": "CNY", "amount_minor": 1, "destination": "Bank 1"}
    assert program(reseller_owner)("POST", "withdrawals/", body)[1]["error"]["fields"].keys() == {"currency"}
    assert program(platform_admin, host="platform.test")("POST", "withdrawals/", body)[0] == 409
    earned(reseller_owner, platform_admin)
    call = program(reseller_owner)
    made = call("POST", "withdrawals/", body)[1]
    theirs = program(stranger, host="elsewhere.test")
    assert [theirs(verb, f"withdrawals/{made['id']}/{part}")[0] for verb, part in (("GET", ""), ("POST", "take-back/"))] == [404, 404]
    assert call("POST", f"withdrawals/{made['id']}/take-back/")[1]["state"] == "canceled"
    assert call("POST", f"withdrawals/{made['id']}/take-back/")[1]["error"]["code"] == "refused"
    assert [one["available_minor"] for one in call("GET", "withdrawals/standings/")[1]] == [PRICE]
