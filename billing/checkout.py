"""How an open order can be paid: through which accounts, wholly or with what the buyer's store credit pays."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Membership
from billing import gateways, store_credit
from billing.models import GatewayAccount, Order
from billing.money import format_minor


@dataclass(frozen=True, slots=True)
class Way:
    """One button: `amount` is what is paid through the account, `credit` what store credit pays beside it (empty: nothing)."""

    account: GatewayAccount
    amount: str
    credit: str = ""


def ways(order: Order, *, payer: Membership | None) -> list[Way]:
    """Return the ways to pay, store credit first; `payer` is who looks at the page: nobody spends another's credit."""
    usable = store_credit.usable(order) if payer is not None and payer.pk == order.membership_id else 0
    whole, part = (format_minor(amount, currency=order.currency) for amount in (order.total_minor, usable))
    rest = format_minor(order.total_minor - usable, currency=order.currency)
    found = gateways.usable(tenant=order.tenant)
    own = [Way(one, whole) for one in found if one.driver == store_credit.DRIVER and usable == order.total_minor]
    others = [one for one in found if one.driver != store_credit.DRIVER]
    has_credit = any(one.driver == store_credit.DRIVER for one in found)
    mixed = [Way(one, rest, part) for one in others] if has_credit and 0 < usable < order.total_minor else []
    return [*own, *mixed, *(Way(one, whole) for one in others)]
