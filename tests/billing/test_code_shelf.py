"""Freezing, revoking and expiring: quota goes back, nothing is lost."""

from __future__ import annotations

import datetime

import pytest
from django.core.cache import cache
from django.db import DatabaseError, transaction
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import code_shelf, codes, ledger, orders
from billing.codes import Minted
from billing.models import Code, CodeEvent
from tests.billing.shop import place, stocked

FIVE = 5_000_000


@pytest.fixture
def minted(tenant: Tenant) -> Minted:
    cache.clear()
    issuer, stock = ledger.account(kind="issuer").pk, ledger.account(kind="stock", tenant_id=tenant.pk).pk
    ledger.transfer(kind="wholesale", key="fund", src_id=issuer, dst_id=stock, amount=3 * FIVE)
    return codes.mint(tenant=tenant, units_micros=FIVE, count=3, offline=True)


def held(kind: str, tenant: Tenant, owner: int = 0) -> int:
    return ledger.balance_of(ledger.account(kind=kind, tenant_id=tenant.pk, owner=owner))


def test_revoked_codes_give_their_quota_back(minted: Minted, tenant: Tenant, end_user: Membership) -> None:
    codes.redeem(membership=end_user, code=minted.codes[0])
    assert code_shelf.revoke(batch=minted.batch, actor=None, reason="refund") == 2
    assert code_shelf.revoke(batch=minted.batch, actor=None, reason="refund") == 0
    assert (held("stock", tenant), held("escrow", tenant, minted.batch.pk)) == (2 * FIVE, 0)
    assert sorted(Code.objects.values_list("state", flat=True)) == ["redeemed", "revoked", "revoked"]


def test_single_codes_can_be_revoked(minted: Minted, tenant: Tenant) -> None:
    assert code_shelf.revoke(batch=minted.batch, actor=None, reason="refund", serials=[2]) == 1
    assert list(Code.objects.filter(state="revoked").values_list("serial", flat=True)) == [2]
    assert held("stock", tenant) == FIVE


def test_a_frozen_batch_thaws_to_what_it_was(minted: Minted, end_user: Membership) -> None:
    assert code_shelf.freeze(batch=minted.batch, actor=None, reason="leak") == 3
    with pytest.raises(codes.Refused):
        codes.redeem(membership=end_user, code=minted.codes[0])
    assert code_shelf.unfreeze(batch=minted.batch, actor=None, reason="false alarm") == 3
    codes.redeem(membership=end_user, code=minted.codes[0])
    assert ledger.balance(membership_id=end_user.pk).available_micros == FIVE


def test_a_batch_expires_at_its_time_and_not_before(minted: Minted, tenant: Tenant) -> None:
    batch = minted.batch
    assert code_shelf.expire(batch=batch) == 0
    batch.redeem_by = timezone.now() - datetime.timedelta(seconds=1)
    batch.save(update_fields=["redeem_by"])
    assert code_shelf.expire_due() == 3
    assert (held("stock", tenant), held("escrow", tenant, batch.pk)) == (3 * FIVE, 0)


def test_what_the_platform_sold_and_nobody_redeemed_is_breakage(root_tenant: Tenant) -> None:
    past = timezone.now() - datetime.timedelta(seconds=1)
    minted = codes.mint(tenant=root_tenant, units_micros=FIVE, count=2, redeem_by=past)
    assert code_shelf.expire(batch=minted.batch) == 2
    assert (held("breakage", root_tenant), held("escrow", root_tenant, minted.batch.pk)) == (2 * FIVE, 0)


def test_events_of_codes_cannot_be_rewritten(minted: Minted) -> None:
    code_shelf.freeze(batch=minted.batch, actor=None, reason="leak")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        CodeEvent.objects.update(reason="nothing happened")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        CodeEvent.objects.all().delete()


def test_each_event_names_the_order_of_its_own_code(tenant: Tenant) -> None:
    product = stocked(tenant)
    placed = [place(product, email=f"{name}@example.test").order for name in ("one", "two")]
    batch = Code.objects.filter(order=placed[0]).get().batch
    assert code_shelf.freeze(batch=batch, actor=None, reason="leak") == 3
    seen = CodeEvent.objects.filter(reason="leak", before="reserved").values_list("order", flat=True)
    assert set(seen) == {one.pk for one in placed}
    orders.cancel(order=placed[0])
    assert code_shelf.unfreeze(batch=batch, actor=None, reason="false alarm") == 3
    assert not Code.objects.exclude(state="available", order=None).exists()
