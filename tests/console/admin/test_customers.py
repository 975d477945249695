"""The dashboard names who spends most and who runs dry: of the own shop only."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import keys, scope, tenants
from accounts.models import Membership, User
from billing import ledger
from console.admin import customers
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord

pytestmark = pytest.mark.django_db


def spend(member: Membership, micros: int) -> None:
    key = keys.issue(membership=member, name="k").key
    UsageRecord.objects.create(id=uuid7(), tenant=member.tenant, membership=member, api_key=key, model="m", price_micros=micros)
    rollups.roll_up()


def fund(member: Membership, micros: int) -> None:
    line = ledger.Line(ledger.account(kind="issuer").pk, ledger.wallet(membership_id=member.pk).pk, micros)
    ledger.post(kind="grant", key=f"fund:{member.pk}", lines=[line], tenant_id=member.tenant_id)


def test_customers_are_told_by_what_they_spent_and_have_left(
    end_user: Membership, stranger: Membership, reseller_owner: Membership, platform_admin: Membership
) -> None:
    rich = tenants.join(tenant=end_user.tenant, user=User.objects.create_user(email="rich@shop.test"))
    fund(rich, 50_000_000)
    fund(end_user, 400_000)
    for member, micros in ((end_user, 30), (rich, 70), (stranger, 500)):
        spend(member, micros)
    shop = scope.actor(user=reseller_owner.user, tenant=end_user.tenant)
    month = rollups.month_of(timezone.now())
    found = customers.of_month(shop, month=month)
    assert [(one.name, one.micros) for one in found.dearest] == [("rich@shop.test", 70), ("ann@shop.test", 30)]
    assert [(one.id, one.micros) for one in found.running_dry] == [(end_user.pk, 400_000)]
    everywhere = scope.actor(user=platform_admin.user, tenant=platform_admin.tenant)
    assert [one.micros for one in customers.of_month(everywhere, month=month).dearest] == [500, 70, 30]


def test_the_dashboard_shows_them_with_margin_and_stock(desk: Client, end_user: Membership, stranger: Membership) -> None:
    cache.clear()
    spend(end_user, 1_230_000)
    spend(stranger, 9_990_000)
    page = desk.get("/reseller/").content.decode()
    assert f"/reseller/accounts/membership/{end_user.pk}/change/" in page
    assert "$1.23" in page
    assert "owner@elsewhere.test" not in page
    assert "$9.99" not in page
    assert "Margin on calls today" in page
