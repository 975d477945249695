"""A member's orders lead to their pages; nobody else's are listed."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership
from billing import orders
from tests.billing.shop import stocked

pytestmark = pytest.mark.django_db


def test_own_orders_are_listed_newest_first(client: Client, end_user: Membership, reseller_owner: Membership) -> None:
    product = stocked(end_user.tenant)
    mine = [orders.place(product=product, buyer=orders.Buyer(email="a@b.test", membership=end_user)) for _ in range(2)]
    other = orders.place(product=product, buyer=orders.Buyer(email="c@d.test", membership=reseller_owner))
    client.force_login(end_user.user)
    page = client.get("/console/orders/", HTTP_HOST="shop.test")
    text = page.content.decode()
    assert [row.order.pk for row, _tone in page.context["rows"]] == [one.order.pk for one in reversed(mine)]
    assert other.order.number not in text
    assert f"/o/{mine[0].capability}/" in text
