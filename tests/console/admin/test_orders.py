"""Orders in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant, User
from billing import catalogue, code_shelf, codes, ledger, orders
from billing.models import Order

pytestmark = pytest.mark.django_db

LIST, MEMBERS = "/reseller/billing/order/", "/reseller/accounts/membership/"


@pytest.fixture
def placed(tenant: Tenant) -> orders.Placed:
    """An unpaid order of one code of the shop."""
    issuer, target = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=tenant.pk)
    ledger.post(kind="purchase", key="stock", lines=[ledger.Line(issuer.pk, target.pk, 100_000_000)], tenant_id=tenant.pk)
    product = catalogue.add_product(tenant=tenant, name="Five", units_micros=5_000_000, price_minor=39_00, currency="CNY")
    codes.mint(tenant=tenant, units_micros=5_000_000, count=1, product=product)
    return orders.place(product=product, buyer=orders.Buyer(email="buyer@people.test"))


def test_an_order_shows_its_timeline_and_not_its_secret_address(desk: Client, placed: orders.Placed) -> None:
    page = desk.get(f"{LIST}{placed.order.pk}/change/")
    assert page.status_code == 200
    assert placed.order.number in page.content.decode()
    assert placed.capability not in page.content.decode()
    assert "¥39.00" in page.content.decode()


def test_an_order_shows_which_pages_its_buyer_accepted(desk: Client, placed: orders.Placed) -> None:
    accepted = [{"kind": "terms", "language": "en", "version": 3}, {"kind": "privacy", "language": "", "version": 1}]
    Order.objects.filter(pk=placed.order.pk).update(accepted=accepted)
    assert "Terms (en), version 3 · Privacy, version 1" in desk.get(f"{LIST}{placed.order.pk}/change/").content.decode()


def test_cancelling_needs_a_reason_and_frees_the_code(desk: Client, placed: orders.Placed) -> None:
    address = f"{LIST}{placed.order.pk}/cancel/"
    desk.post(address, {"reason": ""})
    assert code_shelf.available(product=placed.order.product) == 0
    desk.post(address, {"reason": "asked for it"})
    assert code_shelf.available(product=placed.order.product) == 1
    event = AuditEvent.objects.get()
    assert (event.action, event.before["state"], event.after["state"]) == ("order.cancel", "pending", "canceled")
    assert "capability_sealed" not in event.before


def test_an_order_that_does_not_wait_for_a_person_cannot_be_delivered(desk: Client, placed: orders.Placed) -> None:
    answer = desk.post(f"{LIST}{placed.order.pk}/deliver/", {"reason": "be kind"}, follow=True)
    assert "only a paid order under review can be delivered" in answer.content.decode()
    assert not AuditEvent.objects.exists()


def test_what_buyers_call_themselves_runs_nothing_in_the_back_office(desk: Client, placed: orders.Placed, end_user: Membership) -> None:
    """W19: names, contacts and answers come from anybody, and are read by who holds the codes."""
    bad = "<script>alert(1)</script>"
    User.objects.filter(pk=end_user.user_id).update(name=bad, email=f"{bad}@shop.test")
    order = placed.order
    Order.objects.filter(pk=order.pk).update(
        contact=bad, email=f"{bad}@x.test", membership=end_user, answers=[{"label": bad, "value": bad}]
    )
    for address in (LIST, f"{LIST}{order.pk}/change/", MEMBERS, f"{MEMBERS}{end_user.pk}/change/"):
        answer = desk.get(address)
        assert answer.status_code == 200
        assert "<script>alert(1)" not in answer.content.decode()
        assert "&lt;script&gt;alert(1)" in answer.content.decode()
        assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%' OR '1'='1", "x'); DROP TABLE billing_order; --"])
def test_words_that_are_searched_for_are_no_sql(desk: Client, placed: orders.Placed, text: str) -> None:
    """W19: a search finds what it says, and nothing else happens."""
    for address in (LIST, MEMBERS):
        assert desk.get(address, {"q": text}).context["cl"].result_count == 0
    assert desk.get(LIST, {"q": placed.order.number}).context["cl"].result_count == 1
