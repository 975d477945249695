"""Ready keys: funded from escrow when they are sold, claimed once with what they hold, paid back like codes."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership, Tenant, User
from billing import audit, bought, codes, disputes, ledger, ready_keys, refunds
from billing.models import Code, LedgerAccount, Order, PaymentAttempt, Product, ReadyKey
from tests.billing.shop import FIVE, PRICE, attempt, bought_from, key_product, pay, sandbox
from tests.billing.test_orders_crowds import crowd

pytestmark = pytest.mark.django_db


def available(member: Membership | int) -> int:
    return ledger.balance(membership_id=member if isinstance(member, int) else member.pk).available_micros


def secrets(order: Order) -> list[str]:
    return [piece.text for piece in bought.pieces(order)]


def test_a_paid_order_delivers_keys_that_hold_their_quota(tenant: Tenant) -> None:
    product = key_product(tenant)
    order = bought_from(product, quantity=2)
    assert order.state == "delivered"
    found = [keys.by_secret(secret) for secret in secrets(order)]
    assert len({key.membership_id for key in found if key}) == 2
    assert [available(key.membership_id) for key in found if key] == [FIVE, FIVE]
    facts = keys.recognise(keys.digest(secrets(order)[0]))
    assert facts is not None
    assert (facts.user_active, facts.tenant_id, facts.state) == (True, tenant.pk, "active")
    assert sorted(Code.objects.values_list("state", flat=True)) == ["available", "redeemed", "redeemed"]
    assert audit.run() == []


def test_the_same_news_again_makes_no_second_key(tenant: Tenant) -> None:
    paying = attempt(key_product(tenant), sandbox(tenant))
    first = secrets(pay(paying))
    assert secrets(pay(paying)) == first
    assert (ReadyKey.objects.count(), ApiKey.objects.count()) == (1, 1)


def test_no_secret_lies_in_the_database_in_plain(tenant: Tenant) -> None:
    [secret] = secrets(bought_from(key_product(tenant)))
    row = ReadyKey.objects.get()
    assert secret not in row.sealed
    assert secret not in str(row)


def test_a_new_secret_ends_the_old_one(tenant: Tenant) -> None:
    order = bought_from(key_product(tenant))
    [old] = secrets(order)
    ready_keys.rotate(ready=ReadyKey.objects.get())
    [new] = secrets(order)
    assert new != old
    assert keys.by_secret(old) is None
    assert keys.by_secret(new) is not None


def test_claimed_keys_and_their_money_become_the_members(tenant: Tenant, end_user: Membership) -> None:
    order = bought_from(key_product(tenant), quantity=2)
    [secret, _other] = secrets(order)
    assert ready_keys.claim(order=order, membership=end_user) == 2
    assert available(end_user) == 2 * FIVE
    key = keys.by_secret(secret)
    assert key is not None
    assert key.membership == end_user
    assert {available(row.membership_id) for row in ReadyKey.objects.all()} == {0}
    assert secrets(order) == ["", ""]
    assert ready_keys.claim(order=order, membership=end_user) == 0
    assert available(end_user) == 2 * FIVE
    with pytest.raises(ready_keys.CannotClaim, match="belongs to an account"):
        ready_keys.rotate(ready=ReadyKey.objects.earliest("pk"))
    assert audit.run() == []


def test_credit_that_expires_keeps_its_day(tenant: Tenant, end_user: Membership) -> None:
    product = key_product(tenant, count=1)
    product.batches.update(valid_days=30)
    order = bought_from(product)
    ready_keys.claim(order=order, membership=end_user)
    [lot] = LedgerAccount.objects.filter(kind="lot", owner=end_user.pk)
    assert lot.balance == FIVE
    assert lot.expires_at is not None
    assert lot.expires_at > timezone.now() + datetime.timedelta(days=29)


def test_what_relays_hold_follows_when_they_give_it_back(tenant: Tenant, end_user: Membership) -> None:
    order = bought_from(key_product(tenant))
    wallet = LedgerAccount.objects.get(kind="wallet", owner=ReadyKey.objects.get().membership_id)
    ledger.hold(key="leased", account_id=wallet.pk, amount=2_000_000, expires_at=timezone.now() + datetime.timedelta(hours=1))
    ready_keys.claim(order=order, membership=end_user)
    assert available(end_user) == FIVE - 2_000_000
    wallet.refresh_from_db()
    assert wallet.recall_at is not None
    assert ready_keys.follow() == 0
    ledger.void(key="leased")
    assert ready_keys.follow() == 2_000_000
    assert ready_keys.follow() == 0
    assert available(end_user) == FIVE


def test_another_shops_member_claims_nothing(tenant: Tenant, stranger: Membership) -> None:
    order = bought_from(key_product(tenant))
    with pytest.raises(ready_keys.CannotClaim):
        ready_keys.claim(order=order, membership=stranger)
    assert available(stranger) == 0


@pytest.mark.parametrize("is_claimed", [False, True])
def test_a_refund_takes_back_what_was_not_spent(tenant: Tenant, end_user: Membership, is_claimed: bool) -> None:
    order = bought_from(key_product(tenant))
    owner = ReadyKey.objects.get().membership_id
    if is_claimed:
        ready_keys.claim(order=order, membership=end_user)
        owner = end_user.pk
    sink = ledger.account(kind="sink_usage")
    ledger.transfer(kind="use", key="half", src_id=ledger.wallet(membership_id=owner).pk, dst_id=sink.pk, amount=FIVE // 2)
    paid = PaymentAttempt.objects.get()
    assert refunds.offer(paid).amount_minor == PRICE // 2
    refunds.start(attempt=paid, actor=None, reason="wish")
    assert available(owner) == 0
    assert audit.run() == []


def test_a_dispute_stops_a_claimed_wallet(tenant: Tenant, end_user: Membership) -> None:
    order = bought_from(key_product(tenant))
    ready_keys.claim(order=order, membership=end_user)
    disputes.begin(attempt=PaymentAttempt.objects.get(), reference="d1", amount_minor=PRICE)
    assert LedgerAccount.objects.get(kind="wallet", owner=end_user.pk).frozen


def test_disputed_keys_are_not_claimed(tenant: Tenant, end_user: Membership) -> None:
    order = bought_from(key_product(tenant))
    disputes.begin(attempt=PaymentAttempt.objects.get(), reference="d1", amount_minor=PRICE)
    with pytest.raises(ready_keys.CannotClaim, match="looked at"):
        ready_keys.claim(order=order, membership=end_user)


def test_codes_of_keys_are_not_redeemed_by_hand(tenant: Tenant, end_user: Membership) -> None:
    order = bought_from(key_product(tenant))
    with pytest.raises(codes.Refused):
        codes.redeem_order(membership=end_user, order=order)
    assert available(end_user) == 0


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_at_once_one_gets_all(root_tenant: Tenant) -> None:
    product: Product = key_product(root_tenant)
    order = bought_from(product, quantity=2)
    people = [User.objects.create_user(email=f"claimer-{n}@example.test") for n in range(16)]
    members = [Membership.objects.create(tenant=root_tenant, user=user) for user in people]
    got = crowd(16, lambda n: str(ready_keys.claim(order=order, membership=members[n])))
    assert sorted(got) == ["0"] * 15 + ["2"]
    assert sum(available(member) for member in members) == 2 * FIVE
    assert audit.run() == []
