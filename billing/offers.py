"""What an order costs: the product's price, its tier for that many, a coupon. And coupons: taken, given back, exactly as often as allowed.

BadCoupon   the coupon does not count here; the message says why
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Membership
from billing.models import Coupon, CouponUse, Order, Product
from billing.money import format_minor

_WHOLE = 10_000
# Payment gateways take no order for nothing.
_LEAST_TOTAL = 1


class BadCoupon(ValueError):
    """The coupon does not count for this order."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What so many of a product cost now, in minor units; `total_minor` = pieces × unit − discount."""

    unit_minor: int
    subtotal_minor: int
    discount_minor: int
    total_minor: int
    coupon: Coupon | None = None


def quote(
    *, product: Product, quantity: int, coupon: str = "", email: str = "", contact: str = "", membership: Membership | None = None
) -> Quote:
    """Work out the price of an order. Raises BadCoupon."""
    unit = unit_price(product, quantity)
    subtotal = unit * quantity
    if not coupon.strip():
        return Quote(unit, subtotal, 0, subtotal)
    found = _find(product, coupon)
    _check(found, product, subtotal, _who(email, contact, membership))
    _check_buyer(found, email=email, contact=contact, membership=membership)
    if found.not_with_tiers and unit != product.price_minor:
        raise BadCoupon(_("This coupon does not count on prices for many."))
    discount = min(_discount(found, subtotal), subtotal - _LEAST_TOTAL)
    return Quote(unit, subtotal, discount, subtotal - discount, found)


def unit_price(product: Product, quantity: int) -> int:
    """Return the price of one piece when so many are bought: that of the highest tier reached."""
    reached = [tier for tier in product.tiers if int(tier["from"]) <= quantity]
    return int(max(reached, key=lambda tier: int(tier["from"]))["price_minor"]) if reached else product.price_minor


def take(*, coupon: Coupon, order: Order, discount_minor: int) -> None:
    """Count a coupon for an order, within the caller's transaction; raise BadCoupon when others were faster."""
    within = Q(most_uses=None) | Q(used__lt=F("most_uses"))
    if Coupon.objects.filter(within, pk=coupon.pk, is_active=True).update(used=F("used") + 1) != 1:
        raise BadCoupon(_("This coupon has been used up."))
    if _is_used_up_by(coupon, _who(order.email, order.contact, order.membership)):
        raise BadCoupon(_("You have used this coupon before."))
    CouponUse.objects.create(coupon=coupon, order=order, discount_minor=discount_minor)


def give_back(*, order: Order) -> None:
    """Let a coupon be used again: its order ended unpaid."""
    if CouponUse.objects.filter(order=order, is_released=False).update(is_released=True):
        Coupon.objects.filter(uses__order=order).update(used=F("used") - 1)


def check_tiers(tiers: Iterable[Mapping[str, int]], *, price_minor: int) -> None:
    """Raise ValueError where tiers do not rise in pieces, or do not fall in price."""
    pieces, price = 1, price_minor
    for tier in tiers:
        if int(tier["from"]) <= pieces or not 0 < int(tier["price_minor"]) < price:
            raise ValueError(_("Each tier needs more pieces and a lower price than the one before."))
        pieces, price = int(tier["from"]), int(tier["price_minor"])


def _find(product: Product, text: str) -> Coupon:
    now = timezone.now()
    begun = Q(starts_at=None) | Q(starts_at__lte=now)
    lasting = Q(ends_at=None) | Q(ends_at__gt=now)
    rows = Coupon.objects.filter(begun, lasting, tenant_id=product.tenant_id, is_active=True)
    found = rows.filter(code__iexact=text.strip()).first()
    if found is None:
        raise BadCoupon(_("There is no such coupon, or its time is over."))
    return found


def _check(coupon: Coupon, product: Product, subtotal: int, who: Q) -> None:
    if coupon.products.exists() and not coupon.products.filter(pk__in=[product.pk, product.lead_id]).exists():
        raise BadCoupon(_("This coupon is for other products."))
    has_amounts = coupon.kind == Coupon.Kind.FIXED or coupon.least_minor or coupon.most_minor is not None
    if has_amounts and coupon.currency != product.currency:
        raise BadCoupon(_("This coupon is for another currency."))
    if subtotal < coupon.least_minor:
        least = format_minor(coupon.least_minor, currency=product.currency)
        raise BadCoupon(_("This coupon counts from %(least)s on.") % {"least": least})
    if coupon.most_uses is not None and coupon.used >= coupon.most_uses:
        raise BadCoupon(_("This coupon has been used up."))
    if _is_used_up_by(coupon, who):
        raise BadCoupon(_("You have used this coupon before."))


def _check_buyer(coupon: Coupon, *, email: str, contact: str, membership: Membership | None) -> None:
    """Raise BadCoupon where the coupon is for other customers."""
    if coupon.group and (membership is None or membership.group != coupon.group):
        raise BadCoupon(_("This coupon is for other customers: sign in, if it is yours."))
    paid = Order.objects.filter(tenant=coupon.tenant_id, paid_at__isnull=False)
    if coupon.first_only and paid.filter(_told(email, contact, membership)).exists():
        raise BadCoupon(_("This coupon is for a first order."))


def _who(email: str, contact: str, membership: Membership | None) -> Q:
    """Return the uses of one customer, told apart by address, other contact or membership."""
    return _told(email, contact, membership, path="order__")


def _told(email: str, contact: str, membership: Membership | None, *, path: str = "") -> Q:
    told = {"email": email.strip().lower(), "contact": contact.strip(), "membership": membership}
    return functools.reduce(operator.or_, (Q(**{f"{path}{name}": value}) for name, value in told.items() if value), Q(pk=None))


def _is_used_up_by(coupon: Coupon, who: Q) -> bool:
    """Tell whether a customer has taken it as often as each one may."""
    most = 1 if coupon.first_only else coupon.most_uses_each
    return most is not None and coupon.uses.filter(who, is_released=False).count() >= most


def _discount(coupon: Coupon, subtotal: int) -> int:
    """Return what a coupon takes off, rounded in the shop's favour."""
    off = coupon.value if coupon.kind == Coupon.Kind.FIXED else subtotal * coupon.value // _WHOLE
    return off if coupon.most_minor is None else min(off, coupon.most_minor)
