"""Ready keys: what an order delivers to somebody who does not want an account, and how a person makes it theirs.

The stock of such a product are codes. Sold, a code is paid out at once into the wallet of a membership nobody signs in to,
and a sub-key spends it. Claimed, key and money move to the person's membership: what relays still hold of it follows when
they give it back. Raises `CannotClaim`.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import keys, people, tenants
from accounts.models import ApiKey, Membership, User
from billing import code_shelf, codes, ledger
from billing.models import QUOTA, Code, LedgerAccount, Order, ReadyKey, Transfer
from foundation import vault

_CONTEXT = "ready-key"


class CannotClaim(Exception):
    """The keys do not become this person's; the message says why."""


def sell(*, order: Order) -> int:
    """Turn an order's reserved codes into funded keys, within the caller's transaction; return how many."""
    count = code_shelf.sell(order=order)
    rows = order.codes.filter(state=Code.State.SOLD).select_related("batch").order_by("pk").select_for_update(of=("self",), no_key=True)
    for code in rows:
        _make(order, code)
    return count


def secret_of(ready: ReadyKey) -> str:
    """Return the secret of a key that nobody claimed, for the order's page; empty afterwards."""
    return vault.unseal(ready.sealed, context=_CONTEXT) if ready.sealed else ""


@transaction.atomic
def rotate(*, ready: ReadyKey) -> None:
    """Give a key a new secret; the old one ends at once. Raises CannotClaim where a person has it, keys.KeyRevoked."""
    row = _lock(ReadyKey.objects.filter(pk=ready.pk))
    if not row or row[0].claimed_by_id is not None:
        raise CannotClaim(_("This key belongs to an account: change it there."))
    issued = keys.rotate(key=row[0].key, overlap=datetime.timedelta(0))
    ReadyKey.objects.filter(pk=ready.pk).update(sealed=vault.seal(issued.secret, context=_CONTEXT))


@transaction.atomic
def claim(*, order: Order, membership: Membership) -> int:
    """Give all keys of an order that nobody claimed to a member, with what their wallets hold; return how many. Raises CannotClaim."""
    if membership.tenant_id != order.tenant_id:
        raise CannotClaim(_("These keys cannot be taken into this account. Ask the shop."))
    rows = _lock(ReadyKey.objects.filter(code__order=order, claimed_by=None))
    if _pools([row.membership_id for row in rows]).filter(frozen=True).exists():
        raise CannotClaim(_("These keys are stopped while the payment is being looked at. Ask the shop."))
    for row in rows:
        ReadyKey.objects.filter(pk=row.pk).update(claimed_by=membership, claimed_at=timezone.now(), sealed="")
        keys.hand_over(key=row.key, membership=membership)
        User.objects.filter(pk=row.membership.user_id).update(is_active=False)
        # Relays give back what they hold for calls to come; `follow` brings it after.
        _pools([row.membership_id]).update(recall_at=timezone.now())
        _move(row.membership_id, membership.pk)
    return len(rows)


def follow(*, limit: int = 500) -> int:
    """Move what came free in wallets whose keys were claimed to the claimers; return how much (µ$)."""
    claimed = ReadyKey.objects.exclude(claimed_by=None)
    left = _pools(claimed.values("membership_id")).filter(balance__gt=F("held") + F("floor"))
    wallets = set(left.order_by("pk").values_list("owner", flat=True)[:limit])
    rows = claimed.filter(membership_id__in=wallets).values_list("membership_id", "claimed_by_id")
    return sum(_move(*pair) for pair in rows if pair[1] is not None)


def account_now(account_id: int) -> int:
    """Return where money that was paid into an account lies: in the claimer's own, once the wallet was claimed."""
    account = LedgerAccount.objects.get(pk=account_id)
    owner = owner_now(account.owner)
    return account_id if owner == account.owner else _counterpart(account, owner).pk


def owner_now(membership_id: int) -> int:
    """Return whose the wallet of a membership is: its claimer's, else its own."""
    found = ReadyKey.objects.filter(membership_id=membership_id, claimed_by__isnull=False).values_list("claimed_by_id", flat=True).first()
    return found or membership_id


def _make(order: Order, code: Code) -> None:
    nobody = people.add_nobody(name=f"{order.number}-{code.serial}")
    membership = tenants.join(tenant=order.tenant, user=nobody)
    codes.pay_out(code, membership=membership)
    issued = keys.issue(membership=membership, name=order.product_name[: ApiKey._meta.get_field("name").max_length])
    ReadyKey.objects.create(code=code, key=issued.key, membership=membership, sealed=vault.seal(issued.secret, context=_CONTEXT))


@transaction.atomic
def _move(source: int, target: int) -> int:
    """Move what is free in one member's pools to another's, each pool to its like; return how much (µ$)."""
    moved = 0
    for pool in _pools([source]).order_by("pk").select_for_update(no_key=True):
        free = pool.balance - pool.held - pool.floor
        if free <= 0 or (pool.expires_at is not None and pool.expires_at <= timezone.now()):
            continue
        # The pool is locked: nobody else counts the same.
        key = f"claim-key:{pool.pk}:{Transfer.objects.filter(src=pool).count()}"
        ledger.transfer(kind="claim", key=key, src_id=pool.pk, dst_id=_counterpart(pool, target).pk, amount=free)
        moved += free
    return moved


def _counterpart(pool: LedgerAccount, owner: int) -> LedgerAccount:
    if pool.expires_at is None:
        return ledger.wallet(membership_id=owner)
    return ledger.lot(membership_id=owner, expires_at=pool.expires_at)


def _pools(owners: Any) -> QuerySet[LedgerAccount]:
    return LedgerAccount.objects.filter(kind__in=ledger.POOLS, owner__in=owners, ledger=QUOTA)


def _lock(rows: QuerySet[ReadyKey]) -> list[ReadyKey]:
    related = rows.select_related("key__membership", "membership").order_by("pk")
    return list(related.select_for_update(of=("self",), no_key=True))
