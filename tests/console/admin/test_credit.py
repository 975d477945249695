"""Store credit in the back office: given once, with its reason in the trail; a refund as store credit."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership
from billing import audit, orders, store_credit
from billing.models import Journal, Order, Refund
from tests.billing.shop import PRICE, sandbox, stocked
from tests.billing.test_settlement import settle

pytestmark = pytest.mark.django_db


def form_of(desk: Client, member: Membership) -> tuple[str, str]:
    address = f"/reseller/accounts/membership/{member.pk}/give_credit/"
    found = re.search(r'name="once" value="([0-9a-f]+)"', desk.get(address).content.decode())
    assert found
    return address, found[1]


def test_credit_is_given_with_its_reason_in_the_trail(desk: Client, end_user: Membership) -> None:
    address, once = form_of(desk, end_user)
    page = desk.post(address, {"amount": "12.50", "reason": "slow delivery", "once": once}, follow=True).content.decode()
    assert "¥12.50 given." in page
    desk.post(address, {"amount": "12.50", "reason": "slow delivery", "once": once})
    assert store_credit.free(end_user) == 1_250
    assert Journal.objects.get(kind="credit").memo == "slow delivery"
    event = AuditEvent.objects.get(action="membership.credit")
    assert event.after == {"amount_minor": 1_250, "reason": "slow delivery"}
    assert audit.run() == []


@pytest.mark.parametrize("amount", ["0", "-1", "1.005", "much", ""])
def test_a_bad_amount_gives_nothing(desk: Client, end_user: Membership, amount: str) -> None:
    address, once = form_of(desk, end_user)
    assert desk.post(address, {"amount": amount, "reason": "x", "once": once}).status_code == 200
    assert not Journal.objects.filter(kind="credit").exists()


def test_support_gives_no_money(end_user: Membership, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role=Membership.Role.SUPPORT)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    address = f"/reseller/accounts/membership/{end_user.pk}/give_credit/"
    assert client.post(address, {"amount": "1", "reason": "x", "once": "a"}).status_code == 403
    assert store_credit.free(end_user) == 0


def test_a_payment_goes_back_as_store_credit(desk: Client, end_user: Membership) -> None:
    buyer = orders.Buyer(email="ann@shop.test", membership=end_user)
    order = orders.place(product=stocked(end_user.tenant), buyer=buyer).order
    settle(orders.start_payment(order=order, account=sandbox(end_user.tenant)))
    address = f"/reseller/billing/order/{order.pk}/pay_back/"
    desk.post(address, {"reason": "wants another", "gesture": "", "to_credit": "on"})
    assert store_credit.free(end_user) == PRICE
    assert (Order.objects.get().state, Refund.objects.get().to_credit) == ("refunded", True)
    assert "¥39.00" in desk.get(f"/reseller/accounts/membership/{end_user.pk}/change/").content.decode()
    assert audit.run() == []
