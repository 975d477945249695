"""Minting and redeeming: funded, exactly once, one refusal for every reason."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache
from django.db import connections
from django.utils import timezone

from accounts import webhooks
from accounts.models import Membership, Tenant, User, WebhookDelivery
from billing import code_shelf, codes, ledger, redeem_limits
from billing.models import Code, CodeBatch, CodeEvent, Journal, Transfer

FIVE = 5_000_000


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


def fund(tenant: Tenant, amount: int) -> None:
    issuer, stock = ledger.account(kind="issuer").pk, ledger.account(kind="stock", tenant_id=tenant.pk).pk
    ledger.transfer(kind="wholesale", key=f"fund:{tenant.pk}:{amount}", src_id=issuer, dst_id=stock, amount=amount)


def held(kind: str, tenant: Tenant, owner: int = 0) -> int:
    return ledger.balance_of(ledger.account(kind=kind, tenant_id=tenant.pk, owner=owner))


def available(member: Membership) -> int:
    return ledger.balance(membership_id=member.pk).available_micros


def test_minting_moves_stock_into_escrow(tenant: Tenant) -> None:
    fund(tenant, 100_000_000)
    minted = codes.mint(tenant=tenant, units_micros=FIVE, count=10)
    assert len(set(minted.codes)) == 10
    assert held("stock", tenant) == 50_000_000
    assert held("escrow", tenant, minted.batch.pk) == 50_000_000


def test_codes_are_kept_as_digests_only(tenant: Tenant) -> None:
    fund(tenant, FIVE)
    minted = codes.mint(tenant=tenant, units_micros=FIVE, count=1)
    row = Code.objects.get()
    bare = minted.codes[0].replace("-", "")
    assert row.last4 == bare[-4:]
    assert bare not in str(Code.objects.values().get())
    assert codes.reveal([row]) == minted.codes


def test_minting_without_stock_mints_nothing(tenant: Tenant) -> None:
    fund(tenant, 49_999_999)
    with pytest.raises(codes.NotCovered, match=r"10 codes of \$5\.00 need \$50\.00 of stock"):
        codes.mint(tenant=tenant, units_micros=FIVE, count=10)
    assert (CodeBatch.objects.count(), Code.objects.count()) == (0, 0)
    assert held("stock", tenant) == 49_999_999


def test_the_platform_mints_from_the_issuer(root_tenant: Tenant) -> None:
    minted = codes.mint(tenant=root_tenant, units_micros=FIVE, count=2)
    assert held("issuer", root_tenant) == -10_000_000
    assert held("stock", root_tenant) == 0
    assert held("escrow", root_tenant, minted.batch.pk) == 10_000_000


@pytest.mark.parametrize(("units", "count"), [(0, 1), (-1, 1), (1, 0), (1, 10_001)])
def test_a_batch_without_sense_is_refused(tenant: Tenant, units: int, count: int) -> None:
    with pytest.raises(codes.BadBatch):
        codes.mint(tenant=tenant, units_micros=units, count=count)


def test_redeeming_moves_escrow_to_the_wallet(tenant: Tenant, end_user: Membership) -> None:
    fund(tenant, FIVE)
    minted = codes.mint(tenant=tenant, units_micros=FIVE, count=1, offline=True)
    done = codes.redeem(membership=end_user, code=minted.codes[0].lower(), address="192.0.2.1")
    assert (done.units_micros, done.journal.key, done.is_repeat) == (FIVE, f"redeem:{Code.objects.get().pk}", False)
    assert available(end_user) == FIVE
    assert held("escrow", tenant, minted.batch.pk) == 0
    event = CodeEvent.objects.get()
    assert (event.before, event.after, event.actor, event.address) == ("available", "redeemed", end_user.user, "192.0.2.1")


def test_the_same_person_again_gets_the_first_answer(tenant: Tenant, end_user: Membership) -> None:
    fund(tenant, FIVE)
    code = codes.mint(tenant=tenant, units_micros=FIVE, count=1, offline=True).codes[0]
    first = codes.redeem(membership=end_user, code=code)
    again = codes.redeem(membership=end_user, code=code)
    assert (again.journal, again.is_repeat) == (first.journal, True)
    assert available(end_user) == FIVE


def test_credit_with_days_becomes_a_lot_that_ends_at_midnight(tenant: Tenant, end_user: Membership) -> None:
    fund(tenant, FIVE)
    code = codes.mint(tenant=tenant, units_micros=FIVE, count=1, offline=True, valid_days=30).codes[0]
    before = timezone.now()
    done = codes.redeem(membership=end_user, code=code)
    assert done.expires_at is not None
    assert (done.expires_at.hour, done.expires_at.minute) == (0, 0)
    assert before + datetime.timedelta(days=30) <= done.expires_at <= timezone.now() + datetime.timedelta(days=31)
    assert ledger.balance(membership_id=end_user.pk).expiring_micros == FIVE


@pytest.fixture
def refused(tenant: Tenant, root_tenant: Tenant, stranger: Membership) -> dict[str, str]:
    """One code of every kind that is not good at the shop."""
    fund(tenant, 100_000_000)
    fund(stranger.tenant, FIVE)
    made = {
        name: codes.mint(tenant=tenant, units_micros=FIVE, count=1, offline=name != "unsold") for name in ("unsold", "frozen", "revoked")
    }
    code_shelf.freeze(batch=made["frozen"].batch, actor=None, reason="leak")
    code_shelf.revoke(batch=made["revoked"].batch, actor=None, reason="test")
    late = codes.mint(tenant=tenant, units_micros=FIVE, count=1, offline=True, redeem_by=timezone.now())
    foreign = codes.mint(tenant=stranger.tenant, units_micros=FIVE, count=1, offline=True)
    texts = {name: minted.codes[0] for name, minted in (*made.items(), ("late", late), ("foreign", foreign))}
    return {**texts, "unknown": "PPP6A-ZNF8G-N94V8-6BT5P"}


@pytest.mark.parametrize("kind", ["unsold", "frozen", "revoked", "late", "foreign", "unknown"])
def test_every_code_that_is_not_good_gets_the_same_refusal(refused: dict[str, str], end_user: Membership, kind: str) -> None:
    transfers = Transfer.objects.count()
    with pytest.raises(codes.Refused) as refusal:
        codes.redeem(membership=end_user, code=refused[kind])
    assert str(refusal.value) == "this code is not valid"
    assert Transfer.objects.count() == transfers
    assert available(end_user) == 0


def test_a_used_code_is_refused_to_somebody_else(tenant: Tenant, end_user: Membership, reseller_owner: Membership) -> None:
    fund(tenant, FIVE)
    code = codes.mint(tenant=tenant, units_micros=FIVE, count=1, offline=True).codes[0]
    codes.redeem(membership=end_user, code=code)
    with pytest.raises(codes.Refused, match="this code is not valid"):
        codes.redeem(membership=reseller_owner, code=code)
    assert available(reseller_owner) == 0


def test_a_typo_is_told_without_asking_the_database(end_user: Membership, django_assert_num_queries: Callable[[int], object]) -> None:
    for _ in range(redeem_limits.PER_PERSON_A_MINUTE + 1):
        with django_assert_num_queries(0), pytest.raises(codes.Typo):  # type: ignore[attr-defined]  # a context manager
            codes.redeem(membership=end_user, code="PPP6A-ZNF8G-N94V8-6BT5Q")


def test_attempts_are_limited_per_minute(end_user: Membership) -> None:
    for _ in range(redeem_limits.PER_PERSON_A_MINUTE):
        with pytest.raises(codes.Refused):
            codes.redeem(membership=end_user, code="PPP6A-ZNF8G-N94V8-6BT5P")
    with pytest.raises(codes.TooMany):
        codes.redeem(membership=end_user, code="PPP6A-ZNF8G-N94V8-6BT5P")


def test_staff_hear_once_when_codes_are_guessed_and_not_when_many_are_good(tenant: Tenant, end_user: Membership) -> None:
    endpoint, _secret = webhooks.add(tenant=tenant, url="https://hooks.test/", events=["codes.guessed"])
    fund(tenant, 12 * FIVE)
    good = codes.mint(tenant=tenant, units_micros=FIVE, count=12, offline=True).codes

    def guess(times: int) -> int:
        for _ in range(times):
            with pytest.raises(codes.Refused):
                codes.redeem(membership=end_user, code="PPP6A-ZNF8G-N94V8-6BT5P")
            cache.delete_many([f"redeem:user:{end_user.user_id}", f"redeem:failures:{end_user.user_id}"])
        return WebhookDelivery.objects.filter(endpoint=endpoint).count()

    for text in good:
        codes.redeem(membership=end_user, code=text)
    assert guess(redeem_limits.ALARM_FAILURES) == 0
    assert guess(redeem_limits.ALARM_RATIO * len(good) - redeem_limits.ALARM_FAILURES) == 1
    assert guess(5) == 1


def test_one_code_pays_once_whoever_is_fastest(transactional_db: None, root_tenant: Tenant) -> None:
    """W16: of several people at once one gets it."""
    from_many = [_member(root_tenant, n) for n in range(8)]
    code = codes.mint(tenant=root_tenant, units_micros=FIVE, count=1, offline=True).codes[0]
    barrier = threading.Barrier(8)

    def attempt(member: Membership) -> bool:
        try:
            barrier.wait()
            codes.redeem(membership=member, code=code)
        except codes.Refused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, from_many))
    assert won.count(True) == 1
    assert sum(available(member) for member in from_many) == FIVE
    assert Journal.objects.filter(kind="redeem").count() == 1


def _member(tenant: Tenant, number: int) -> Membership:
    return Membership.objects.create(tenant=tenant, user=User.objects.create_user(email=f"racer{number}@shop.test"))
