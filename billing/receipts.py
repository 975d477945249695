"""Receipts of paid orders: what was bought and what was paid, as facts for a page and as a PDF that reads everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from django.db.models import Sum
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import tenants
from billing import gateways
from billing.models import Order, Refund
from billing.money import format_minor

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = Path(__file__).parent / "fonts" / "wqy-microhei.ttf"
_NAME = "receipt"
_MARGIN, _LINE = 20, 8


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says: `facts` about the order, `sums` from the goods to the total, each a label and a value."""

    shop: str
    contact: str
    number: str
    facts: tuple[tuple[str, str], ...]
    sums: tuple[tuple[str, str], ...]


def of(order: Order) -> Receipt | None:
    """Return the receipt of an order; None while nothing was paid."""
    paid = order.attempts.filter(settles_order=True).select_related("account").first()
    if paid is None or order.paid_at is None:
        return None
    at = timezone.localtime(order.paid_at)
    way = paid.account.name or str(gateways.driver_of(paid.account.driver).label)
    facts = [
        (_("Order"), order.number), (_("Paid on"), f"{at:%Y-%m-%d %H:%M %Z}"), (_("Paid with"), way),
        (_("Buyer"), order.email or order.contact), *((one["label"], one["value"]) for one in order.answers),
    ]  # fmt: skip
    back = paid.refunds.filter(state=Refund.State.SUCCEEDED).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    discount = getattr(getattr(order, "coupon_use", None), "discount_minor", 0)
    sums = [(f"{order.quantity} × {order.product_name}", _cash(order, order.total_minor + discount))]
    sums += [(_("Coupon"), _cash(order, -discount))] if discount else []
    sums += [(_("Total"), _cash(order, order.total_minor))]
    sums += [(_("Of it by store credit"), _cash(order, paid.credit_minor))] if paid.credit_minor else []
    if paid.received_minor and paid.received_currency not in {"", order.currency}:
        sums.append((_("Paid"), format_minor(paid.received_minor, currency=paid.received_currency)))
    if back:
        sums.append((_("Paid back"), format_minor(-back, currency=paid.received_currency or paid.currency)))
    tenant = tenants.spoken(order.tenant)
    return Receipt(tenant.name, tenant.contact, order.number, tuple(facts), tuple(sums))


def pdf(receipt: Receipt) -> bytes:
    """Return a receipt as a PDF of one page; it brings the glyphs it uses, Chinese ones too."""
    # Loaded with the first receipt: half a second that every process and command would pay at its start.
    sheet: FPDF = import_string("fpdf.FPDF")(format="A4")
    sheet.set_margin(_MARGIN)
    sheet.set_title(f"{receipt.shop} {receipt.number}")
    sheet.add_font(_NAME, fname=_FONT)
    sheet.add_page()
    _write(sheet, receipt.shop, size=18)
    if receipt.contact:
        _write(sheet, receipt.contact, size=10)
    sheet.ln(_LINE)
    _write(sheet, _("Receipt"), size=14)
    _rows(sheet, receipt.facts, align="L")
    sheet.ln(_LINE / 2)
    sheet.line(_MARGIN, sheet.get_y(), sheet.w - _MARGIN, sheet.get_y())
    sheet.ln(_LINE / 2)
    _rows(sheet, receipt.sums, align="R")
    return bytes(sheet.output())


def _write(sheet: FPDF, text: str, *, size: int) -> None:
    sheet.set_font(_NAME, size=size)
    sheet.multi_cell(0, _LINE, text, new_x="LMARGIN", new_y="NEXT")


def _rows(sheet: FPDF, rows: tuple[tuple[str, str], ...], *, align: str) -> None:
    sheet.set_font(_NAME, size=11)
    half = sheet.epw / 2 if align == "R" else sheet.epw / 3
    for label, value in rows:
        top, page = sheet.get_y(), sheet.page
        sheet.multi_cell(half, _LINE, label, new_x="RIGHT", new_y="TOP")
        left = sheet.get_y() if sheet.page == page else top
        sheet.multi_cell(0, _LINE, value, align=align, new_x="LMARGIN", new_y="NEXT")
        sheet.set_y(max(sheet.get_y(), left + _LINE))


def _cash(order: Order, minor: int) -> str:
    return format_minor(minor, currency=order.currency)
