"""What orders set aside and hand over, whatever a product is delivered as: one shelf a kind.

A shelf reserves (or raises `codes.SoldOut`), refills, releases, and sells within the caller's transaction, under the order's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from billing import cards, code_shelf, direct, ready_keys
from billing.codes import SoldOut
from billing.models import Order, Product

Kind = Product.Kind


@dataclass(frozen=True, slots=True)
class _Shelf:
    reserve: Callable[..., Any]
    release: Callable[..., None]
    sell: Callable[..., int]
    refill: Callable[..., None] = lambda *, order: None


def reserve(*, product: Product, count: int, order: Order) -> None:
    """Set pieces of a product aside for an order; raise codes.SoldOut."""
    _SHELVES[order.kind].reserve(product=product, count=count, order=order)


def refill(*, order: Order) -> None:
    """Set aside again what an open order lost because it was stopped (a frozen batch); raise codes.SoldOut."""
    _SHELVES[order.kind].refill(order=order)


def release(*, order: Order) -> None:
    """Put what was set aside for an order back."""
    _SHELVES[order.kind].release(order=order)


def sell(*, order: Order) -> int:
    """Hand what was set aside over to the buyer and return how many pieces that are."""
    return _SHELVES[order.kind].sell(order=order)


def waits_for_staff(order: Order) -> bool:
    """Tell whether a person delivers this order once it is paid."""
    return order.kind == Kind.MANUAL


def _count_down(*, product: Product, count: int, order: Order) -> None:
    """Take pieces off the number that is left; a product without one never sells out."""
    left = Product.objects.filter(Q(stock_left=None) | Q(stock_left__gte=count), pk=product.pk)
    if not left.update(stock_left=F("stock_left") - count):
        raise SoldOut("not so many left")


def _count_up(*, order: Order) -> None:
    Product.objects.filter(pk=order.product_id).update(stock_left=F("stock_left") + order.quantity)


def _as_ordered(*, order: Order) -> int:
    return order.quantity


_SHELVES: dict[str, _Shelf] = {
    Kind.CODE: _Shelf(code_shelf.reserve, code_shelf.release, code_shelf.sell, code_shelf.refill),
    Kind.KEY: _Shelf(code_shelf.reserve, code_shelf.release, ready_keys.sell, code_shelf.refill),
    Kind.CARD: _Shelf(cards.reserve, cards.release, cards.sell),
    Kind.TOPUP: _Shelf(direct.reserve, direct.release, direct.sell),
    Kind.STOCK: _Shelf(direct.reserve, direct.release, direct.sell),
    Kind.MANUAL: _Shelf(_count_down, _count_up, _as_ordered),
}
