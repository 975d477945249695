"""Maximal mark-ups in the back office: the platform sets them, the shop reads them where it types a price."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, Tenant
from billing.models import PriceCeiling

pytestmark = pytest.mark.django_db


def test_the_platform_limits_a_shop_and_lifts_it_again(
    desk: Client, platform_admin: Membership, tenant: Tenant, root_tenant: Tenant
) -> None:
    operator = Client(HTTP_HOST="platform.test")
    operator.force_login(platform_admin.user)
    at = "/admin/billing/priceceiling/"
    assert operator.post(f"{at}add/", {"tenant": root_tenant.pk, "percent": "50"}).status_code == 200
    assert operator.post(f"{at}add/", {"tenant": tenant.pk, "percent": "50"}).status_code == 302
    row = PriceCeiling.objects.get()
    assert (row.book.tenant_id, row.factor) == (tenant.pk, 1_500_000)
    assert "+50 %" in operator.get(at).content.decode()
    assert "at most 1.5 times the wholesale price" in desk.get("/reseller/billing/pricerule/add/").content.decode()
    assert desk.get("/reseller/billing/priceceiling/").status_code == 404
    operator.post(f"{at}add/", {"tenant": tenant.pk, "percent": ""})
    row.refresh_from_db()
    assert row.valid_to is not None
    assert "at most" not in desk.get("/reseller/billing/pricerule/add/").content.decode()
