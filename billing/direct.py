"""Quota that an order moves straight out of the seller's stock: into the buyer's wallet (a top-up), or into a shop's own stock (wholesale).

What an order needs is held on the seller's stock from checkout on, so nothing is sold twice; the platform itself issues as
much as it sells. A top-up's bonus goes into a lot that expires.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils import timezone

from billing import ledger, sellable
from billing.codes import SoldOut, stock_of
from billing.models import Hold, LedgerAccount, Order, Product

Kind = Product.Kind
KINDS = frozenset({Kind.TOPUP, Kind.STOCK})
_GRACE = datetime.timedelta(hours=1)


def reserve(*, product: Product, count: int, order: Order) -> None:
    """Hold what an order will move; raise codes.SoldOut. The platform needs no stock."""
    if order.tenant.is_root:
        return
    key = f"stock:{order.pk}:{Hold.objects.filter(key__startswith=f'stock:{order.pk}:').count()}"
    until = max(order.reserved_until, timezone.now()) + _GRACE
    try:
        with transaction.atomic():
            ledger.hold(key=key, account_id=stock_of(order.tenant_id), amount=_all(order), expires_at=until)
    except ledger.InsufficientFunds:
        raise SoldOut("the stock does not cover it") from None


def release(*, order: Order) -> None:
    """Let go of what is held for an order."""
    for key in list(_held(order)):
        ledger.void(key=key)


def sell(*, order: Order) -> int:
    """Move the quota, within the caller's transaction, once an order; return how many pieces that were."""
    release(order=order)
    source = _source(order)
    lines = [ledger.Line(source, target_of(order).pk, order.units_micros * order.quantity)]
    if order.bonus_micros and order.membership_id is not None:
        lines.append(ledger.Line(source, _bonus_lot(order).pk, order.bonus_micros * order.quantity))
    kind = "topup" if order.kind == Kind.TOPUP else "wholesale"
    ledger.post(kind=kind, key=f"{kind}:{order.pk}", lines=lines, tenant_id=order.tenant_id, reference=f"order:{order.pk}")
    return order.quantity


def target_of(order: Order) -> LedgerAccount:
    """Return where an order's quota goes: the buyer's wallet, or the stock of the shop that buys."""
    if order.kind == Kind.STOCK and order.recipient_id is not None:
        return ledger.account(kind="stock", tenant_id=order.recipient_id)
    if order.membership_id is None:
        raise ValueError("a top-up has a customer")
    return ledger.wallet(membership_id=order.membership_id)


def left(order: Order) -> int:
    """Return how much of what an order moved is still there to be taken back (µ$), without the bonus."""
    row = target_of(order)
    return min(order.units_micros * order.quantity, max(0, row.balance - row.held - row.floor))


def take_back(order: Order, *, micros: int, key: str, actor_id: int | None) -> None:
    """Move quota of an order back to the seller, and what is left of its bonus. Raises ledger.InsufficientFunds."""
    lines = [ledger.Line(target_of(order).pk, stock_of(order.tenant_id), micros)] if micros else []
    if order.bonus_micros and order.membership_id is not None and order.delivered_at is not None:
        lot = _bonus_lot(order)
        bonus = min(order.bonus_micros * order.quantity, max(0, lot.balance - lot.held - lot.floor))
        lines += [ledger.Line(lot.pk, stock_of(order.tenant_id), bonus)] if bonus else []
    if lines:
        ledger.post(kind="refund", key=key, lines=lines, tenant_id=order.tenant_id, reference=f"order:{order.pk}", actor_id=actor_id)


def presets(tenant_id: int) -> list[Product]:
    """Return the top-ups a shop offers, the smallest first."""
    return _offered(tenant_id, Kind.TOPUP)


def wholesale(tenant_id: int) -> list[Product]:
    """Return what the shops below a tenant can buy of it, the smallest first."""
    return _offered(tenant_id, Kind.STOCK)


def _offered(tenant_id: int, kind: Kind) -> list[Product]:
    rows = Product.objects.filter(tenant=tenant_id, kind=kind, is_active=True).select_related("tenant").order_by("sort", "units_micros")
    held = sellable.held_back(rows)
    return [one for one in rows if one.pk not in held]


def _all(order: Order) -> int:
    return (order.units_micros + order.bonus_micros) * order.quantity


def _source(order: Order) -> int:
    return ledger.account(kind="issuer").pk if order.tenant.is_root else stock_of(order.tenant_id)


def _bonus_lot(order: Order) -> LedgerAccount:
    """Return the lot of an order's bonus: it ends at a midnight (UTC), so that bonuses of one day are one account."""
    begins = order.delivered_at or timezone.now()
    day = begins.astimezone(datetime.UTC).date() + datetime.timedelta(days=order.bonus_days + 1)
    until = datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
    return ledger.lot(membership_id=order.membership_id or 0, expires_at=until)


def _held(order: Order) -> list[str]:
    rows = Hold.objects.filter(key__startswith=f"stock:{order.pk}:", state=Hold.State.OPEN)
    return list(rows.order_by("pk").values_list("key", flat=True))
