"""Opening balances: posted once, covered by the seller's stock, debts as debts."""

from __future__ import annotations

import pytest

from accounts.models import Membership, Tenant
from billing import audit, chart, ledger, openings

pytestmark = pytest.mark.django_db


def test_the_same_key_opens_once(root_tenant: Tenant, platform_admin: Membership) -> None:
    for _ in range(2):
        openings.open_balances(tenant=root_tenant, balances=[(platform_admin.pk, 7)], key="o:1", reference="r")
    assert ledger.balance(membership_id=platform_admin.pk).available_micros == 7
    with pytest.raises(ledger.KeyReused):
        openings.open_balances(tenant=root_tenant, balances=[(platform_admin.pk, 8)], key="o:1", reference="r")


def test_a_debt_is_opened_once(root_tenant: Tenant, platform_admin: Membership) -> None:
    for _ in range(2):
        openings.open_balances(tenant=root_tenant, balances=[(platform_admin.pk, -7)], key="o:1", reference="r")
    assert ledger.balance(membership_id=platform_admin.pk).available_micros == -7
    assert openings.opened(reference="r") == -7
    assert audit.run() == []


def test_a_shop_pays_from_its_stock(tenant: Tenant, end_user: Membership) -> None:
    assert openings.missing(tenant=tenant, micros=5) == 5
    with pytest.raises(ledger.InsufficientFunds):
        openings.open_balances(tenant=tenant, balances=[(end_user.pk, 5)], key="o:1", reference="r")
    assert ledger.balance(membership_id=end_user.pk).available_micros == 0
    stock = chart.account(kind="stock", tenant_id=tenant.pk)
    ledger.transfer(kind="wholesale", key="w", src_id=chart.account(kind="issuer").pk, dst_id=stock.pk, amount=5)
    assert openings.missing(tenant=tenant, micros=5) == 0
    openings.open_balances(tenant=tenant, balances=[(end_user.pk, 5)], key="o:1", reference="r")
    assert (ledger.balance_of(stock), openings.opened(reference="r")) == (0, 5)


def test_the_platform_covers_any_sum(root_tenant: Tenant) -> None:
    assert openings.missing(tenant=root_tenant, micros=10**15) == 0
