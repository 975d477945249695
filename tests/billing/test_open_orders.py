"""How many unpaid orders a buyer has."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import open_orders, orders
from billing.models import Order
from tests.billing.shop import stocked

pytestmark = pytest.mark.django_db


def test_the_most_by_any_way_of_telling_buyers_apart_counts(tenant: Tenant, end_user: Membership, stranger: Membership) -> None:
    product = stocked(tenant, count=5)
    buyers = [
        orders.Buyer(email="a@b.test", address="10.0.0.1"),
        orders.Buyer(email="a@b.test", address="10.0.0.2"),
        orders.Buyer(contact="13800000000", address="10.0.0.3", membership=end_user),
    ]
    placed = [orders.place(product=product, buyer=buyer) for buyer in buyers]
    assert [one.open_before for one in placed] == [0, 1, 0]

    def count(at: Tenant, *, address: str | None = None, email: str = "", contact: str = "", who: Membership | None = None) -> int:
        return open_orders.count(tenant=at, address=address, email=email, contact=contact, membership=who)

    assert count(tenant) == 0
    assert count(tenant, email="a@b.test", address="10.0.0.1") == 2
    assert count(tenant, address="10.0.0.3", contact="nobody") == 1
    assert count(tenant, who=end_user) == 1
    assert count(stranger.tenant, email="a@b.test") == 0
    Order.objects.filter(pk=placed[0].order.pk).update(reserved_until=timezone.now() - datetime.timedelta(seconds=1))
    assert count(tenant, email="a@b.test") == 1
