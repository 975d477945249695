"""Confirming a payment by hand in the back office: the password again, a proof, a reason, a line in the trail."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing import orders
from billing.models import Order, PaymentAttempt
from tests.billing.shop import attempt, pay, place, sandbox, stocked

pytestmark = pytest.mark.django_db
FORM = {"amount": "39.00", "currency": "CNY", "reference": "TT-1", "reason": "screenshot seen"}


@pytest.fixture
def order(tenant: Tenant) -> Order:
    return place(stocked(tenant)).order


def address(order: Order, site: str = "reseller") -> str:
    return f"/{site}/billing/order/{order.pk}/confirm/"


def test_the_password_is_asked_for_again(desk: Client, order: Order) -> None:
    answer = desk.post(address(order), FORM)
    assert (answer.status_code, answer["Location"].startswith("/accounts/reauthenticate/")) == (302, True)
    order.refresh_from_db()
    assert order.state == "pending"


def test_a_confirmed_order_is_delivered_with_its_trail(sure_desk: Client, order: Order, tenant: Tenant) -> None:
    page = sure_desk.get(address(order))
    assert page.context["form"].initial["amount"] == "39.00"
    sure_desk.post(address(order), FORM)
    order.refresh_from_db()
    assert order.state == "delivered"
    event = AuditEvent.objects.get(action="order.confirm")
    told = {"state": "delivered", "amount": "¥39.00", "reference": "TT-1", "reason": "screenshot seen"}
    assert (event.before, event.after, event.tenant) == ({"state": "pending"}, told, tenant)
    again = sure_desk.post(address(order), FORM | {"reference": "TT-2"})
    assert "Only an unpaid order" in str(again.context["form"].non_field_errors())


@pytest.mark.parametrize("wrong", [{"amount": "1e3"}, {"amount": "-1"}, {"currency": "cny"}, {"reference": ""}, {"reason": ""}])
def test_what_is_not_said_properly_confirms_nothing(sure_desk: Client, order: Order, wrong: dict[str, str]) -> None:
    assert sure_desk.post(address(order), FORM | wrong).context["form"].errors
    assert not PaymentAttempt.objects.exists()


def test_support_confirms_nothing(sure_desk: Client, reseller_owner: Membership, order: Order) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    assert sure_desk.post(address(order), FORM).status_code == 403
    assert not PaymentAttempt.objects.exists()


def test_the_platform_confirms_too(operator: Client, order: Order) -> None:
    operator.post("/accounts/reauthenticate/", {"password": "correct horse battery"})
    operator.post(address(order, "admin"), FORM)
    order.refresh_from_db()
    assert order.state == "delivered"


def test_money_that_needs_a_look_is_found_in_the_list(desk: Client, tenant: Tenant) -> None:
    twice = attempt(stocked(tenant), sandbox(tenant))
    pay(twice)
    again = orders.second_payment(twice.order, twice)
    other = place(twice.order.product).order
    pay(again)
    page = desk.get("/reseller/billing/order/?look=yes").content.decode()
    assert twice.order.number in page
    assert other.number not in page
