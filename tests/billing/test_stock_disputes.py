"""Disputed purchases of stock: what is unsold goes back, the rest is owed from the next stock, a won dispute undoes itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import Tenant
from billing import audit, codes, disputes, ledger, stock_disputes
from billing.models import Dispute, LedgerAccount, PaymentAttempt
from tests.billing.test_direct import PRICE, TEN, pay, product_of, stock, stock_up
from tests.billing.test_settlement import settle

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_are_clean(db: None) -> Iterator[None]:
    yield
    assert audit.run() == []


@pytest.fixture
def bought(tenant: Tenant, root_tenant: Tenant) -> PaymentAttempt:
    """Thirty dollars of stock that the shop bought of the platform."""
    attempt = pay(product_of(root_tenant, kind="stock"), recipient=tenant, quantity=3)
    settle(attempt)
    return PaymentAttempt.objects.select_related("order", "account").get(pk=attempt.pk)


def begin(attempt: PaymentAttempt, *, amount: int = 3 * PRICE, reference: str = "dp_1") -> Dispute:
    return disputes.begin(attempt=attempt, reference=reference, amount_minor=amount)


def mint(tenant: Tenant, count: int) -> None:
    codes.mint(tenant=tenant, units_micros=TEN, count=count, offline=True)


def issued() -> int:
    return -ledger.balance_of(ledger.account(kind="issuer"))


def floor(tenant: Tenant) -> int:
    return LedgerAccount.objects.get(pk=codes.stock_of(tenant.pk)).floor


def test_unsold_stock_is_taken_and_is_the_sellers_when_the_bank_has_decided(tenant: Tenant, bought: PaymentAttempt) -> None:
    dispute = begin(bought)
    assert begin(bought).pk == dispute.pk
    assert dispute.quota == {f"shop:{tenant.pk}": 3 * TEN}
    assert (stock(tenant), stock_disputes.owed(tenant), floor(tenant)) == ((0, 0), 0, 0)
    assert (stock_disputes.collect(), issued()) == (0, 3 * TEN)
    disputes.end(dispute=dispute, is_won=False)
    assert (stock_disputes.collect(), issued()) == (0, 0)


def test_what_was_minted_is_owed_out_of_the_next_stock(tenant: Tenant, bought: PaymentAttempt) -> None:
    mint(tenant, 2)
    dispute = begin(bought)
    assert (stock(tenant), stock_disputes.owed(tenant), floor(tenant)) == ((0, 0), 2 * TEN, 2 * TEN)
    stock_up(tenant, TEN + 1)
    with pytest.raises(codes.NotCovered):
        mint(tenant, 1)
    assert (stock_disputes.collect(), stock_disputes.collect()) == (TEN + 1, 0)
    assert (stock(tenant), stock_disputes.owed(tenant)) == ((0, 0), TEN - 1)
    disputes.end(dispute=dispute, is_won=False)
    stock_up(tenant, 2 * TEN)
    assert (stock_disputes.collect(), floor(tenant)) == (TEN - 1, 0)
    assert (stock(tenant)[0], stock_disputes.owed(tenant)) == (TEN + 1, 0)
    mint(tenant, 1)


def test_a_won_dispute_gives_back_what_was_paid_and_forgets_the_rest(tenant: Tenant, bought: PaymentAttempt) -> None:
    mint(tenant, 2)
    dispute = begin(bought)
    disputes.end(dispute=dispute, is_won=True)
    disputes.end(dispute=dispute, is_won=True)
    assert (stock(tenant), stock_disputes.owed(tenant), floor(tenant)) == ((TEN, 0), 0, 0)
    assert (stock_disputes.collect(), issued()) == (0, 3 * TEN)


def test_a_part_that_is_disputed_takes_its_part(tenant: Tenant, bought: PaymentAttempt) -> None:
    dispute = begin(bought, amount=PRICE)
    assert (dispute.quota, stock(tenant)[0]) == ({f"shop:{tenant.pk}": TEN}, 2 * TEN)
    other = begin(bought, amount=PRICE, reference="dp_2")
    disputes.end(dispute=dispute, is_won=False)
    stock_disputes.collect()
    assert issued() == 3 * TEN  # one is open still
    disputes.end(dispute=other, is_won=False)
    stock_disputes.collect()
    assert (issued(), stock(tenant)[0]) == (TEN, TEN)
