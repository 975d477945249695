"""What orders know of their buyers is forgotten in time: unpaid ones their address, all of them who exactly it was."""

from __future__ import annotations

import datetime

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import buyers, capability, codes, orders
from billing.models.codes import Code, CodeEvent
from billing.models.restock import RestockWish
from billing.models.shop import Order
from tests.billing.shop import bought_from, stocked

pytestmark = pytest.mark.django_db
SOON = datetime.timedelta(minutes=1)


def placed(member: Membership, *, state: str) -> Order:
    buyer = orders.Buyer(email="a@b.test", contact="QQ 1", membership=member, address="203.0.113.77")
    order = orders.place(product=stocked(member.tenant), buyer=buyer).order
    Order.objects.filter(pk=order.pk).update(state=state, answers=[["Name", "Ann"]])
    return order


def test_unpaid_orders_forget_their_buyer(end_user: Membership) -> None:
    unpaid, waiting = placed(end_user, state="expired"), placed(end_user, state="pending")
    assert buyers.forget_unpaid(before=timezone.now() - SOON) == 0
    assert buyers.forget_unpaid(before=timezone.now() + SOON) == 1
    assert buyers.forget_unpaid(before=timezone.now() + SOON) == 0
    known = Order.objects.values_list("email", "contact", "answers")
    assert known.get(pk=unpaid.pk) == ("", "", [])
    assert known.get(pk=waiting.pk) == ("a@b.test", "QQ 1", [["Name", "Ann"]])


def test_addresses_of_orders_and_codes_are_shortened_and_nothing_else_of_a_codes_life(end_user: Membership) -> None:
    order = placed(end_user, state="pending")
    code = Code.objects.earliest("pk")
    event = CodeEvent.objects.create(code=code, before="x", after="y", address="2001:db8:1:2:3::4")
    assert buyers.shorten_addresses(now=timezone.now() + datetime.timedelta(days=31)) == 2
    order.refresh_from_db()
    event.refresh_from_db()
    assert (order.address, event.address) == ("203.0.113.0", "2001:db8:1::")
    for change in ({"reason": "z"}, {"after": "z"}):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            CodeEvent.objects.filter(pk=event.pk).update(**change)


def test_a_shop_that_keeps_addresses_shorter_goes_before_the_platform(end_user: Membership, stranger: Membership) -> None:
    Tenant.objects.filter(pk=end_user.tenant_id).update(address_days=7)
    ours, theirs = placed(end_user, state="pending"), placed(stranger, state="pending")
    now = timezone.now()
    assert buyers.shorten_addresses(now=now + datetime.timedelta(days=6)) == 0
    assert buyers.shorten_addresses(now=now + datetime.timedelta(days=8)) == 1
    assert dict(Order.objects.values_list("pk", "address")) == {ours.pk: "203.0.113.0", theirs.pk: "203.0.113.77"}


def test_who_is_forgotten_leaves_no_answers(end_user: Membership) -> None:
    order = placed(end_user, state="delivered")
    for email in ("ann@shop.test", "other@shop.test"):
        RestockWish.objects.create(product=order.product, email=email)
    assert buyers.forget(user_id=end_user.user_id) == 1
    assert RestockWish.objects.get().email == "other@shop.test"
    order.refresh_from_db()
    assert (order.email, order.contact, order.address, order.answers) == ("", "", None, [])


def test_a_customers_codes_are_those_they_bought_or_redeemed(end_user: Membership, reseller_owner: Membership) -> None:
    product = stocked(end_user.tenant, count=4)
    mine = bought_from(product)
    Order.objects.filter(pk=mine.pk).update(membership=end_user)
    given = bought_from(product)
    Order.objects.filter(pk=given.pk).update(membership=reseller_owner)
    [open_code], [present] = list(mine.codes.all()), list(given.codes.all())
    codes.redeem(membership=end_user, code=codes.reveal([present])[0])
    found = {one.id: one for one in buyers.codes(membership_id=end_user.pk, limit=9)}
    assert found.keys() == {open_code.pk, present.pk}
    assert (found[open_code.pk].state, found[open_code.pk].order_id, found[open_code.pk].redeemed_at) == ("sold", mine.pk, None)
    assert capability.of(mine) == found[open_code.pk].capability
    # Another's order is nobody's business, though its code was a present.
    assert (found[present.pk].state, found[present.pk].order_id, found[present.pk].capability) == ("redeemed", None, "")
    assert [one.id for one in buyers.codes(membership_id=end_user.pk, limit=1)] == [max(found)]
    assert [one.id for one in buyers.codes(membership_id=end_user.pk, before=max(found), limit=9)] == [min(found)]
    assert {one.id for one in buyers.codes(membership_id=reseller_owner.pk, limit=9)} == {present.pk}
