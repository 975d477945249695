"""Resellers hear of wholesale prices that rise above theirs."""

from __future__ import annotations

import datetime

import pytest
from django.core import mail
from django.utils import timezone

from accounts import tenants
from accounts.models import AuditEvent, Membership, Tenant
from billing import price_alerts, price_book
from foundation import outbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def sold(reseller_owner: Membership) -> Tenant:
    """The shop sells at $3 what costs $2 wholesale."""
    price_book.set_price(model="m-*", input=2_000_000)
    price_book.set_price(model="m-1", tenant=reseller_owner.tenant, input=3_000_000)
    return reseller_owner.tenant


def test_a_rise_below_the_retail_price_is_no_news(sold: Tenant) -> None:
    price_book.set_price(model="m-*", input=2_900_000)
    price_book.set_price(model="other", input=9_000_000)
    assert AuditEvent.objects.filter(action="price.lifted").count() == 0


def test_the_owner_is_told_of_a_lifted_price(sold: Tenant, reseller_owner: Membership) -> None:
    price_book.set_price(model="m-*", input=3_500_000)
    event = AuditEvent.objects.get(action="price.lifted")
    text = "input of m-1: $3.00 per 1M tokens is below the wholesale price $3.50"
    assert (event.tenant, event.after) == (sold, {"prices": [text]})
    mail.outbox.clear()
    outbox.deliver()
    assert [message.to for message in mail.outbox] == [[reseller_owner.user.email]]
    assert mail.outbox[0].subject == "Prices of Tea House are below wholesale"
    assert text in mail.outbox[0].body
    price_book.set_price(model="m-*", input=3_500_000)
    assert AuditEvent.objects.filter(action="price.lifted").count() == 1


def test_a_sub_reseller_is_told_of_a_rise_at_the_top(sold: Tenant) -> None:
    sub = tenants.open_tenant(slug="sub", name="Sub", parent=sold)
    price_book.set_price(model="m-1", tenant=sub, input=3_200_000)
    price_book.set_price(model="m-*", input=3_100_000)
    assert price_alerts.tell(seller=tenants.root(), models=["m-*"]) == 1
    price_book.set_price(model="m-*", input=3_300_000)
    assert price_alerts.tell(seller=tenants.root(), models=["m-*"]) == 2


def test_neighbours_hear_nothing(sold: Tenant, stranger: Membership) -> None:
    price_book.set_price(model="m-1", tenant=stranger.tenant, input=2_000_000)
    assert price_alerts.tell(seller=sold, models=["m-1"]) == 0


def test_of_a_planned_rise_the_owner_is_told_when_it_is_planned(sold: Tenant, reseller_owner: Membership) -> None:
    begins = timezone.now() + datetime.timedelta(days=3)
    price_book.set_price(model="m-*", input=3_500_000, begins=begins)
    mail.outbox.clear()
    outbox.deliver()
    assert f"This counts from {begins.astimezone(datetime.UTC):%Y-%m-%d %H:%M} (UTC) on." in mail.outbox[0].body
