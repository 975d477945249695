"""What an order delivered, ready to print for whoever may see it: codes, keys, cards, or what staff wrote."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from billing import cards, codes, hand_delivery, order_mail, ready_keys
from billing.models import Code, Order, Product, ReadyKey

Kind = Product.Kind


@dataclass(frozen=True, slots=True)
class Piece:
    """One code, key, card or text; `text` is empty for a key that somebody claimed.

    `is_open`: it waits to be redeemed or claimed, a code until `ends_at` where that is set.
    """

    element: str
    text: str
    label: str
    is_open: bool
    masked: str = ""
    ends_at: datetime.datetime | None = None


def pieces(order: Order) -> list[Piece]:
    """Return what an order delivered; nothing before and after."""
    if order.state != Order.State.DELIVERED:
        return []
    match order.kind:
        case Kind.TOPUP | Kind.STOCK:
            return []  # it lies in a wallet or a stock already
        case Kind.KEY:
            return _keys(order)
        case Kind.CARD:
            rows = list(order.cards.order_by("pk"))
            return [Piece(f"card-{row.pk}", text, "", False) for row, text in zip(rows, cards.reveal(rows), strict=True)]
        case Kind.MANUAL:
            return [Piece(f"text-{order.pk}", hand_delivery.text_of(order), "", False)]
        case _:
            return _codes(order)


@order_mail.goods
def text(order: Order) -> str:
    """Return all an order delivered, a line each."""
    return "\n".join(piece.text for piece in pieces(order) if piece.text)


def _codes(order: Order) -> list[Piece]:
    rows = list(order.codes.select_related("batch").order_by("pk"))
    return [
        Piece(f"code-{row.serial}-{row.batch_id}", text, row.get_state_display(), row.state == Code.State.SOLD, ends_at=row.batch.redeem_by)
        for row, text in zip(rows, codes.reveal(rows), strict=True)
    ]


def _keys(order: Order) -> list[Piece]:
    rows = ReadyKey.objects.filter(code__order=order).select_related("key").order_by("pk")
    return [
        Piece(f"key-{row.pk}", ready_keys.secret_of(row), row.key.get_state_display(), row.claimed_by_id is None, row.key.masked)
        for row in rows
    ]
