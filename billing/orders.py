"""Place, pay, expire and cancel orders. Each verb locks the order first; each step is a compare-and-swap with its event.

OrderError
├── BadOrder        what the buyer typed makes no order; the message says why
├── TooManyOpen     too many unpaid orders of one buyer
└── WrongState      the order cannot do this now
What is sold out raises `codes.SoldOut`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import tenants
from accounts.models import Membership, Tenant, User
from billing import blocks, capability, catalogue, gateways, offers, open_orders, order_mail, questions, rates, shelves, store_credit
from billing.codes import SoldOut
from billing.models import GatewayAccount, Order, OrderEvent, PaymentAttempt, Product
from billing.money import minor_digits

RESERVATION = datetime.timedelta(minutes=15)
MOST_OPEN = 5

State = Order.State
Attempt = PaymentAttempt.State

_CAPABILITY_LENGTH = 26


class OrderError(Exception):
    """The base of what orders refuse."""


class BadOrder(OrderError):
    """No order can be made of this."""


class TooManyOpen(OrderError):
    """The buyer has too many unpaid orders."""


class WrongState(OrderError):
    """The order is not in a state for this."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who orders: an e-mail address or another contact, and a membership when signed in; `site` and `accepted` are as the order keeps them.

    `recipient` is the shop that buys stock for itself.
    """

    email: str = ""
    contact: str = ""
    membership: Membership | None = None
    address: str | None = None
    language: str = ""
    site: str = ""
    accepted: Sequence[Mapping[str, object]] = ()
    recipient: Tenant | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A new order, the secret part of its address, and how many unpaid orders its buyer had already."""

    order: Order
    capability: str
    open_before: int = 0


@transaction.atomic
def place(*, product: Product, buyer: Buyer, quantity: int = 1, coupon: str = "", answers: Mapping[str, str] | None = None) -> Placed:
    """Set the pieces (and a coupon) aside for a quarter of an hour and write the order, with the product's texts in the buyer's language.

    Raises BadOrder, TooManyOpen, codes.SoldOut and offers.BadCoupon.
    """
    open_before = _check(product, buyer, quantity)
    product = catalogue.spoken(product, tenant=product.tenant, language=buyer.language)
    price = offers.quote(
        product=product, quantity=quantity, coupon=coupon, email=buyer.email, contact=buyer.contact, membership=buyer.membership
    )
    secret = capability.spell(_CAPABILITY_LENGTH)
    order = Order.objects.create(
        tenant=product.tenant, number=_number(), product=product, product_name=catalogue.name_of(product), kind=product.kind,
        instructions=catalogue.instructions_of(product), answers=_answered(product, answers or {}), quantity=quantity,
        units_micros=product.units_micros, total_minor=price.total_minor, currency=product.currency, email=buyer.email.strip().lower(),
        contact=buyer.contact.strip(), membership=buyer.membership, language=buyer.language, address=buyer.address,
        reserved_until=timezone.now() + RESERVATION, site=buyer.site, accepted=list(buyer.accepted), recipient=buyer.recipient,
        bonus_micros=product.bonus_micros, bonus_days=product.bonus_days if product.bonus_micros else 0, **capability.seal(secret),
    )  # fmt: skip
    shelves.reserve(product=product, count=quantity, order=order)
    if price.coupon is not None:
        offers.take(coupon=price.coupon, order=order, discount_minor=price.discount_minor)
    OrderEvent.objects.create(order=order, after=State.PENDING)
    order_mail.write(order, "order_placed")
    return Placed(order=order, capability=secret, open_before=open_before)


def find(*, tenant: Tenant, secret: str) -> Order | None:
    """Return the shop's order at a secret address."""
    found = Order.objects.filter(tenant=tenant, capability_digest__in=capability.digests(secret)).first()
    if found is not None:
        found.tenant = tenant
    return found


@transaction.atomic
def start_payment(*, order: Order, account: GatewayAccount, payer: Membership | None = None, with_credit: bool = False) -> PaymentAttempt:
    """Return an open attempt to pay through the account, the same one when asked again. Raises WrongState and BadOrder.

    Store credit pays a part (`with_credit`), or all through its own account, only where `payer` is the order's customer:
    who merely knows the order's address spends nobody's money.
    """
    locked = lock(order.pk)
    if not gateways.may_use(account, tenant_id=locked.tenant_id) or not gateways.is_ready(account):
        raise BadOrder(_("This way to pay is not available."))
    if locked.state != State.PENDING or locked.reserved_until <= timezone.now():
        raise WrongState(_("This order can no longer be paid."))
    if blocks.is_blocked(tenant=locked.tenant, email=locked.email, contact=locked.contact, address=locked.address):
        raise WrongState(_("This order can no longer be paid."))
    try:
        shelves.refill(order=locked)
        return _begin(locked, account, payer=payer, with_credit=with_credit)
    except SoldOut:
        raise WrongState(_("What was set aside for you can no longer be sold, and there is no more of it. Nothing was paid.")) from None
    except store_credit.NotCovered as refusal:
        raise BadOrder(str(refusal)) from None


def _begin(locked: Order, account: GatewayAccount, *, payer: Membership | None, with_credit: bool) -> PaymentAttempt:
    credit = store_credit.part_of(order=locked, account=account, payer=payer, is_wanted=with_credit)
    open_ones = locked.attempts.select_related("account", "order").filter(account=account, state=Attempt.PENDING, credit_minor=credit)
    found = open_ones.order_by("-pk").first()
    if found is not None and store_credit.part(found) and store_credit.is_held(found):
        return found
    store_credit.release(order=locked)
    if found is not None and not store_credit.part(found):
        return found
    amount, currency = payable(locked, account, credit_minor=credit)
    attempt = PaymentAttempt.objects.create(
        order=locked, account=account, token=capability.spell(24), amount_minor=amount, currency=currency, credit_minor=credit
    )
    if store_credit.part(attempt):
        store_credit.hold(order=locked, attempt=attempt)
    OrderEvent.objects.create(order=locked, attempt=attempt, after=Attempt.PENDING)
    return attempt


def second_payment(order: Order, paid: PaymentAttempt) -> PaymentAttempt:
    """Return a payment of its own for money that came again for one that had succeeded: it must find a row, and a person."""
    attempt = PaymentAttempt.objects.create(
        order=order, account=paid.account, token=capability.spell(24), amount_minor=paid.amount_minor, currency=paid.currency
    )
    OrderEvent.objects.create(order=order, attempt=attempt, after=Attempt.PENDING, reason="paid again")
    return attempt


def payable(order: Order, account: GatewayAccount, *, credit_minor: int = 0) -> tuple[int, str]:
    """Return what an order costs through an account, in minor units of a currency it takes, rounded up.

    `credit_minor` of it is paid by store credit. It is converted at the rate of when the order was placed: each try costs the same.
    Raises BadOrder where no rate was known then.
    """
    taken = gateways.driver_of(account.driver).currencies
    if not taken or order.currency in taken:
        return order.total_minor - credit_minor, order.currency
    try:
        rate = rates.get(base=order.currency, quote=taken[0], at=order.created_at)
    except rates.NoRate:
        raise BadOrder(_("This way to pay is not available.")) from None
    exact = (order.total_minor - credit_minor) * rate * 10 ** minor_digits(taken[0]) / 10 ** minor_digits(order.currency)
    return int(exact.to_integral_value(rounding=ROUND_CEILING)), taken[0]


@transaction.atomic
def cancel(*, order: Order, actor: User | None = None, reason: str = "") -> None:
    """Give an unpaid order up; what it set aside goes back on the shelf. Raises WrongState."""
    locked = lock(order.pk)
    if locked.state != State.PENDING:
        raise WrongState(_("Only an unpaid order can be cancelled."))
    _close(locked, State.CANCELED, actor=actor, reason=reason)


def expire_due(*, limit: int = 200) -> int:
    """End unpaid orders whose reservation is over; return how many."""
    due = Order.objects.filter(state=State.PENDING, reserved_until__lte=timezone.now()).order_by("reserved_until")
    return sum(_expire(pk) for pk in list(due.values_list("pk", flat=True)[:limit]))


def run_out(*, order: Order) -> bool:
    """End an unpaid order as if its time were over now: a drill. Tell whether it was open."""
    Order.objects.filter(pk=order.pk, state=State.PENDING).update(reserved_until=timezone.now())
    return _expire(order.pk)


def lock(pk: int) -> Order:
    """Return an order, locked until the transaction ends: everything about one order happens one after the other."""
    return Order.objects.select_for_update(no_key=True).get(pk=pk)


def step(order: Order, *, to: str, actor: User | None = None, reason: str = "", **fields: object) -> None:
    """Move a locked order on, with its event."""
    if Order.objects.filter(pk=order.pk, state=order.state).update(state=to, **fields) != 1:
        raise WrongState("the order changed in between")
    OrderEvent.objects.create(order=order, before=order.state, after=to, actor=actor, reason=reason[:200])
    order.state = to
    for name, value in fields.items():
        setattr(order, name, value)


def step_attempt(attempt: PaymentAttempt, *, to: str, actor: User | None = None, reason: str = "", **fields: object) -> None:
    """Move a payment attempt of a locked order on, with its event."""
    changed = PaymentAttempt.objects.filter(pk=attempt.pk, state=attempt.state)
    if changed.update(state=to, ended_at=timezone.now(), **fields) != 1:
        raise WrongState("the payment changed in between")
    OrderEvent.objects.create(order_id=attempt.order_id, attempt=attempt, before=attempt.state, after=to, actor=actor, reason=reason[:200])
    attempt.state = to


@transaction.atomic
def _expire(pk: int) -> bool:
    order = lock(pk)
    if order.state != State.PENDING or order.reserved_until > timezone.now():
        return False
    _close(order, State.EXPIRED, reason="reservation over")
    return True


def _close(order: Order, state: str, *, actor: User | None = None, reason: str = "") -> None:
    """End an unpaid order. Its open attempts stay: money may still come, and must find them."""
    store_credit.release(order=order)
    shelves.release(order=order)
    offers.give_back(order=order)
    step(order, to=state, actor=actor, reason=reason)


def _check(product: Product, buyer: Buyer, quantity: int) -> int:
    """Raise BadOrder or TooManyOpen; return how many unpaid orders the buyer has."""
    if not product.is_active or not tenants.is_open(product.tenant):
        raise BadOrder(_("This product is not on sale."))
    if not product.least_pieces <= quantity <= product.most_pieces:
        raise BadOrder(_("Order %(least)d to %(most)d pieces.") % {"least": product.least_pieces, "most": product.most_pieces})
    if not (buyer.email.strip() or buyer.contact.strip()):
        raise BadOrder(_("Leave an e-mail address, a phone number or another contact, so that the order can be found again."))
    if blocks.is_blocked(tenant=product.tenant, email=buyer.email, contact=buyer.contact, address=buyer.address):
        raise BadOrder(_("This shop takes no orders of yours. If that is a mistake, ask the shop."))
    _check_kind(product, buyer)
    _check_share(product, buyer, quantity)
    email, contact = buyer.email.strip().lower(), buyer.contact.strip()
    open_before = open_orders.count(tenant=product.tenant, address=buyer.address, email=email, contact=contact, membership=buyer.membership)
    if open_before >= MOST_OPEN:
        raise TooManyOpen(_("You have too many unpaid orders: pay or cancel one first, or wait a few minutes."))
    return open_before


def _answered(product: Product, answers: Mapping[str, str]) -> list[dict[str, str]]:
    try:
        return questions.answered(questions.of(product), questions.understood(product, answers))
    except questions.BadAnswers as error:
        raise BadOrder(str(error)) from None


def _check_kind(product: Product, buyer: Buyer) -> None:
    """Raise BadOrder where nobody is there to whom the quota could go: a customer's wallet, a shop below the seller."""
    if product.kind == Product.Kind.TOPUP and (buyer.membership is None or buyer.membership.tenant_id != product.tenant_id):
        raise BadOrder(_("Sign in first: a top-up goes into your wallet."))
    shop = buyer.recipient
    if (product.kind == Product.Kind.STOCK) != (shop is not None) or (shop is not None and shop.parent_id != product.tenant_id):
        raise BadOrder(_("This product is not on sale."))


def _check_share(product: Product, buyer: Buyer, quantity: int) -> None:
    """Raise BadOrder where a customer would have more of a product than each may."""
    if product.most_each is None:
        return
    had = open_orders.pieces(product=product, email=buyer.email, contact=buyer.contact, membership=buyer.membership)
    if had + quantity > product.most_each:
        share = {"most": product.most_each, "left": max(0, product.most_each - had)}
        raise BadOrder(_("Each customer may have %(most)d of this; you can order %(left)d more.") % share)


def _number() -> str:
    """Return a number to talk about: the day and 40 random bits; it opens nothing."""
    return f"{timezone.now():%y%m%d}-{capability.spell(8)}"
