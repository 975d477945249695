"""A batch that leaked is replaced: buyers keep what they bought under new codes, thieves are refused, no quota is lost."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import Membership, Tenant
from billing import audit, bought, code_shelf, codes, ledger, orders, promos, reissue
from billing.models import Code, CodeBatch
from foundation import outbox
from tests.billing.shop import FIVE, attempt, bought_from, pay, place, sandbox, stocked
from tests.billing.test_disputes import say

pytestmark = pytest.mark.django_db


def test_what_was_sold_stays_its_buyers_under_a_new_code(tenant: Tenant, end_user: Membership, reseller_owner: Membership) -> None:
    product = stocked(tenant, count=5)
    sold, redeemed = bought_from(product, email="one@example.test"), bought_from(product, email="two@example.test")
    waiting = attempt(product, sandbox(tenant), email="three@example.test")
    codes.redeem(membership=end_user, code=bought.text(redeemed))
    leaked = CodeBatch.objects.get()
    stolen = codes.reveal(leaked.codes.select_related("batch").order_by("serial"))
    stock = ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk))
    code_shelf.freeze(batch=leaked, actor=reseller_owner.user, reason="leaked")
    mail.outbox.clear()

    made = reissue.reissue(batch=leaked, actor=reseller_owner.user, reason="leaked")

    assert sorted(leaked.codes.values_list("state", flat=True)) == ["redeemed", *["revoked"] * 4]
    assert sorted(made.codes.values_list("state", flat=True)) == ["available", "available", "available", "sold"]
    for text in stolen:
        with pytest.raises(codes.Refused):
            codes.redeem(membership=reseller_owner, code=text)
    old, new = bought.pieces(sold)
    assert (old.is_open, new.is_open) == (False, True)
    assert codes.redeem(membership=end_user, code=new.text).units_micros == FIVE
    assert pay(waiting).state == "delivered"  # with one of the new codes
    outbox.deliver()
    told = {one.to[0]: one.body for one in mail.outbox if "New codes" in one.subject}
    assert set(told) == {"one@example.test"}
    assert new.text not in told["one@example.test"]
    assert ledger.balance_of(ledger.account(kind="stock", tenant_id=tenant.pk)) == stock
    assert Code.objects.filter(batch=made, events__reason="leaked").count() == 1
    assert audit.run() == []


def test_a_disputed_code_stays_frozen(tenant: Tenant) -> None:
    product = stocked(tenant, count=1)
    order = bought_from(product)
    say(order.attempts.get(), "disputed")
    made = reissue.reissue(batch=CodeBatch.objects.get(), actor=None, reason="leaked")
    assert made.codes.get().state == "frozen"
    say(order.attempts.get(), "dispute_won")
    assert made.codes.get().state == "sold"
    assert audit.run() == []


def test_what_cannot_be_replaced_is_said(tenant: Tenant) -> None:
    leaked = place(stocked(tenant, count=1))
    batch = CodeBatch.objects.get()
    made = reissue.reissue(batch=batch, actor=None, reason="leaked")
    with pytest.raises(codes.BadBatch, match="no code of this batch"):
        reissue.reissue(batch=batch, actor=None, reason="again")
    orders.run_out(order=leaked.order)
    assert made.codes.get().state == "available"
    code_shelf.revoke(batch=made, actor=None, reason="over")
    promo = promos.offer(tenant=tenant, text="SPRING", units_micros=FIVE, uses=1)
    with pytest.raises(codes.BadBatch, match="promo code"):
        reissue.reissue(batch=promo, actor=None, reason="leaked")
