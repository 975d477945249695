"""What the shop's pages show, ready to print."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Membership, Tenant
from billing import catalogue, quota_units, texts
from billing.models import Category, Order, OrderEvent, PaymentAttempt, Product, ProductPicture, Refund
from billing.money import format_minor
from billing.offers import Quote
from foundation import translations


def to_look_at(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return orders with money that a person must decide on: under review, paid again and not paid back yet, or back from the bank."""
    odd = PaymentAttempt.objects.filter(
        order=OuterRef("pk"), state=PaymentAttempt.State.SUCCEEDED, settles_order=False, received_minor__gt=0
    )  # fmt: skip
    back = Refund.objects.filter(attempt__order=OuterRef("order"), attempt=OuterRef("pk"), state__in=Refund.COUNTING)
    failed = Refund.objects.filter(attempt__order=OuterRef("pk"), state=Refund.State.FAILED)
    return orders.filter(Q(state=Order.State.REVIEW) | Exists(odd.filter(~Exists(back))) | Exists(failed))


LAST_ORDERS = 10
# Below this many pieces the exact number is shown: it is a reason to hurry.
FEW = 10
# Above it a range says from which of these on.
STEPS = (10, 20, 50, 100, 500, 1_000)


@dataclass(frozen=True, slots=True)
class Card:
    """A product as it is offered; one with variants shows the least price, and `is_from`."""

    slug: str
    name: str
    description: str
    kind: str
    units: str
    price: str
    compare: str
    unit_price: str
    stock: int
    stock_label: str
    tone: str
    choice: str = ""
    currency: str = ""
    tag: str = ""
    tag_text: str = ""
    is_from: bool = False
    picture: ProductPicture | None = None


def cards(*, tenant: Tenant, category: Category | None = None, search: str = "", sort: str = "") -> list[Card]:
    """Return the shop's products in this thread's language, those of one category or with each word in their texts of any language.

    `sort`: "price", "-price", "new"; else the shop's own order.
    """
    found = [one for one in catalogue.families(tenant=tenant) if category is None or one[0].category_id == category.pk]
    if search.split():
        named = set(_named(tenant, search).values_list("pk", flat=True))
        found = [one for one in found if one[0].pk in named]
    order: dict[str, Callable[[Sequence[Product]], int]] = {
        "price": lambda family: _least(family).price_minor, "-price": lambda family: -_least(family).price_minor,
        "new": lambda family: -family[0].pk,
    }  # fmt: skip
    return [family_card(one) for one in (sorted(found, key=order[sort]) if sort in order else found)]


def _named(tenant: Tenant, search: str) -> QuerySet[Product]:
    """Return the products whose texts, or whose variants' names, hold each word."""
    rows = Product.objects.filter(tenant=tenant, lead=None).order_by()
    for word in search.split():
        varied = Product.objects.filter(translations.containing(word, ("name", "choice")), tenant=tenant, is_active=True)
        found = translations.containing(word, ("name", "choice", "summary", "description"))
        rows = rows.filter(found | Q(pk__in=varied.exclude(lead=None).values("lead")))
    return rows


def family_card(products: Sequence[Product]) -> Card:
    """Return a product and its variants as one card: the lead's texts, the least price, all the stock."""
    lead, least = products[0], _least(products)
    one = card(lead)
    if len(products) == 1:
        return one
    amounts = sorted({product.units_micros for product in products if product.units_micros})
    stock = sum(int(getattr(product, "stock", 0)) for product in products)
    label, tone = _stock(stock, lead.stock_shown)
    return replace(
        one, units=" – ".join(quota_units.short(units) for units in {amounts[0]: 1, amounts[-1]: 1}) if amounts else "",
        price=format_minor(least.price_minor, currency=least.currency), compare="", unit_price=_per_dollar(products), stock=stock,
        stock_label=label, tone=tone, is_from=True,
    )  # fmt: skip


def card(product: Product) -> Card:
    """Return a product of `catalogue.on_sale` as a card."""
    stock = int(getattr(product, "stock", 0))
    label, tone = _stock(stock, product.stock_shown)
    compare = product.compare_minor if product.compare_minor and product.compare_minor > product.price_minor else None
    return Card(
        slug=product.slug, name=product.name, description=product.summary or texts.as_plain(product.description, most=200),
        kind=product.kind,
        units=quota_units.short(product.units_micros) if product.units_micros else "",
        price=format_minor(product.price_minor, currency=product.currency),
        compare=format_minor(compare, currency=product.currency) if compare else "",
        unit_price=_per_dollar([product]), stock=stock, stock_label=label, tone=tone, choice=product.choice or product.name,
        currency=product.currency, tag=product.tag, tag_text=product.tag_shown, picture=next(iter(catalogue.pictures(product)), None),
    )  # fmt: skip


def _per_dollar(products: Sequence[Product]) -> str:
    """Return the least price of $1 of quota, ready to print; empty where nothing holds quota."""
    found = [price for product in products if (price := catalogue.unit_price(product))]
    return format_minor(min(found), currency=products[0].currency) if found else ""


def _least(products: Sequence[Product]) -> Product:
    return min(products, key=lambda product: product.price_minor)


def tiers(product: Product, *, quantity: int) -> list[dict[str, Any]]:
    """Return the prices for many, ready to print, with the one that so many pieces reach; none where there is one price."""
    steps = [{"from": product.least_pieces, "price_minor": product.price_minor}, *product.tiers] if product.tiers else []
    reached = max((int(step["from"]) for step in steps if int(step["from"]) <= quantity), default=product.least_pieces)
    return [
        {
            "from": step["from"], "price": format_minor(int(step["price_minor"]), currency=product.currency),
            "is_reached": int(step["from"]) == reached,
        }
        for step in steps
    ]  # fmt: skip


def price(quote: Quote, *, product: Product, quantity: int) -> dict[str, str]:
    """Return what an order would cost, ready to print: the plain price, what many pieces and a coupon take off, the total."""
    plain, currency = product.price_minor * quantity, product.currency
    saved = plain - quote.subtotal_minor
    return {
        "quantity": str(quantity),
        "plain_unit": format_minor(product.price_minor, currency=currency),
        "plain": format_minor(plain, currency=currency),
        "unit": format_minor(quote.unit_minor, currency=currency),
        "saved": format_minor(-saved, currency=currency) if saved else "",
        "discount": format_minor(-quote.discount_minor, currency=currency) if quote.discount_minor else "",
        "coupon": quote.coupon.code if quote.coupon and quote.discount_minor else "",
        "total": format_minor(quote.total_minor, currency=currency),
        "currency": currency,
    }


def amounts(order: Order) -> dict[str, str]:
    """Return an order's money, ready to print."""
    return {
        "total": format_minor(order.total_minor, currency=order.currency),
        "units": quota_units.short(order.units_micros) if order.units_micros else "",
        "all_units": quota_units.short(order.units_micros * order.quantity),
    }


def timeline(order: Order) -> list[dict[str, Any]]:
    """Return the steps of an order for its buyer; payments' own steps are the shop's business."""
    labels = dict(Order.State.choices)
    events = OrderEvent.objects.filter(order=order, attempt=None)
    return [{"at": event.created_at, "label": labels.get(Order.State(event.after), event.after)} for event in events]


def last_orders(*, tenant: Tenant, membership: Membership | None = None, remembered: Sequence[int] = ()) -> list[Order]:
    """Return the last orders of a customer, or else those that a browser remembers."""
    wanted = Q(membership=membership) if membership is not None else Q(pk__in=remembered)
    return list(Order.objects.filter(wanted, tenant=tenant).order_by("-pk")[:LAST_ORDERS])


def _stock(stock: int, shown: str) -> tuple[str, str]:
    if stock == 0:
        return _("sold out"), "neutral"
    if stock >= catalogue.ANY_NUMBER:
        return _("in stock"), "success"
    if shown == Product.StockShown.EXACT:
        return ngettext("%(count)d left", "%(count)d left", stock) % {"count": stock}, "warning" if stock < FEW else "success"
    if shown == Product.StockShown.HIDDEN:
        return _("in stock"), "success"
    if stock < FEW:
        return ngettext("%(count)d left", "%(count)d left", stock) % {"count": stock}, "warning"
    return _("%(count)d+ in stock") % {"count": max(step for step in STEPS if step <= stock)}, "success"
