"""How an open order can be paid: the ways, wholly or with what the buyer's store credit pays; begin it, and ask what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Membership
from billing import callbacks, capability, gateway_alarms, gateways, orders, redeem_limits, store_credit
from billing.models import GatewayAccount, Order, PaymentAttempt
from billing.money import format_minor
from billing.payments.base import GatewayError, Links

# What a payment's details say of where it is paid (`payments.base.Driver.start`).
SHOWN_HERE = ("scan", "link", "to", "coins", "coin", "chain")
# So many of an order's payments are asked about at once.
_ASKED = 3


@dataclass(frozen=True, slots=True)
class Way:
    """One button: so much is paid through the account, in minor units of the `currency` that it takes.

    So much is paid with store credit beside it, in minor units of the order's currency.
    """

    account: GatewayAccount
    amount_minor: int
    currency: str
    credit_minor: int = 0
    order_currency: str = ""

    @property
    def amount(self) -> str:
        """Return what is paid through the account, ready to print."""
        return format_minor(self.amount_minor, currency=self.currency)

    @property
    def credit(self) -> str:
        """Return what store credit pays beside it, ready to print; empty for nothing."""
        return format_minor(self.credit_minor, currency=self.order_currency) if self.credit_minor else ""


def ways(order: Order, *, payer: Membership | None) -> list[Way]:
    """Return the ways to pay, store credit first; `payer` is who looks at the page: nobody spends another's credit.

    An account whose currency the order cannot be converted to is no way.
    """
    usable = store_credit.usable(order) if payer is not None and payer.pk == order.membership_id else 0
    total, currency = order.total_minor, order.currency
    found = gateways.usable(tenant=order.tenant)
    own = [Way(one, total, currency) for one in found if one.driver == store_credit.DRIVER and usable == total]
    others = [one for one in found if one.driver != store_credit.DRIVER]
    has_credit = any(one.driver == store_credit.DRIVER for one in found)
    parts = [usable, 0] if has_credit and 0 < usable < total else [0]
    return [*own, *(way for part in parts for one in others if (way := _through(order, one, credit_minor=part)))]


def _through(order: Order, account: GatewayAccount, *, credit_minor: int) -> Way | None:
    try:
        amount, currency = orders.payable(order, account, credit_minor=credit_minor)
    except orders.BadOrder:
        return None
    return Way(account, amount, currency, credit_minor, order.currency)


def begin(order: Order, account: GatewayAccount, *, payer: Membership | None, with_credit: bool, site: str, device: str = "pc") -> str:
    """Begin a payment, or go on with the one that was begun; return the address at which the buyer pays, or sees that it is done.

    `site` is where the buyer comes back to. Raises orders.OrderError and GatewayError.
    """
    attempt = orders.start_payment(order=order, account=account, payer=payer, with_credit=with_credit)
    driver = gateways.driver_of(account.driver)
    try:
        begun = driver.start(attempt, links=links(attempt, site=site, device=device))
    except GatewayError as error:
        gateway_alarms.tell(account, str(error))
        raise
    if driver.pays_at_once:
        callbacks.ask(attempt)
    return begun.url


def ask(order: Order) -> bool:
    """Ask gateways about an order's payments that wait, now and then; tell whether one of these had an end."""
    if not redeem_limits.may_ask_gateways(order_id=order.pk):
        return False
    found = waiting(order).select_related("account__tenant", "order").order_by("-pk")[:_ASKED]
    return sum(callbacks.ask(attempt) for attempt in found) > 0


def waiting(order: Order) -> QuerySet[PaymentAttempt]:
    """Return the payments of an order that were begun and have no end yet."""
    return order.attempts.filter(state=PaymentAttempt.State.PENDING)


def last_failure(order: Order, attempts: Sequence[PaymentAttempt] | None = None) -> int:
    """Return the number of an order's last payment if it came to nothing (refused, or over before it was paid), else 0.

    `attempts` are its payments, the newest first, where they were read already.
    """
    last = order.attempts.order_by("-pk").first() if attempts is None else next(iter(attempts), None)
    return last.pk if last is not None and last.state in {PaymentAttempt.State.FAILED, PaymentAttempt.State.EXPIRED} else 0


def links(attempt: PaymentAttempt, *, site: str, device: str) -> Links:
    """Return the absolute addresses a gateway needs for a payment."""
    driver, account = gateways.driver_of(attempt.account.driver), attempt.account
    if driver.has_account_address:
        notify = capability.at(site, "pay_webhook", gateway=driver.slug, account=account.token)
    else:
        notify = capability.at(site, "pay_notify", gateway=driver.slug, attempt=attempt.token)
    return Links(order=capability.at(site, "order", capability=capability.of(attempt.order)), notify=notify, device=device)
