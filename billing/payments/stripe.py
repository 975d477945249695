"""Stripe Checkout: cards, Alipay and WeChat Pay on Stripe's own page; signed events say what happened.

A client for each account: there is no global key. Events come in any order, twice, late: each is translated by itself, and
what it means for the order is `settlement`'s to decide. Sources: https://docs.stripe.com/checkout/fulfillment,
https://docs.stripe.com/webhooks, https://docs.stripe.com/api.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import stripe
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import GatewayAccount, PaymentAttempt
from billing.payments import stripe_events
from billing.payments.base import (
    BadCallback,
    Driver,
    Field,
    GatewayError,
    Links,
    Message,
    Movement,
    ProviderEvent,
    Redirect,
    Reply,
    origin,
    secret,
)

_TIMEOUT_SECONDS = 20.0
_TOLERANCE_SECONDS = 300
# Stripe keeps a page open for half an hour at least; a minute more for clocks that differ.
_PAGE_OPEN = datetime.timedelta(minutes=31)
_CHECKOUT = "https://checkout.stripe.com"
_LOCALES = {"zh-hans": "zh", "zh-hant": "zh-TW", "en": "en"}
_MOST_PAGES = 200
# The least charge, where it is a round number of the currency: docs.stripe.com/currencies, "Minimum and maximum charge amounts".
_LEAST = {"USD": 50, "EUR": 50, "GBP": 30, "HKD": 400, "JPY": 50, "SGD": 50, "AUD": 50, "CAD": 50}
_MEANS = {"card": "card", "alipay": "alipay", "wechat_pay": "wechat"}


class Stripe(Driver):
    """One Stripe account."""

    slug: ClassVar[str] = "stripe"
    label = "Stripe"
    has_account_address: ClassVar[bool] = True
    events: ClassVar[tuple[str, ...]] = stripe_events.WANTED
    refunds_at_once: ClassVar[bool] = False
    repeats_refunds: ClassVar[bool] = True
    fields: ClassVar[tuple[Field, ...]] = (
        Field("secret_key", _("Secret key"), is_secret=True, is_required=True, help=_("sk_… or a restricted key rk_…")),
        Field("webhook_secret", _("Signing secret of the webhook"), is_secret=True, is_required=True, help=_("whsec_…, shown by Stripe.")),
        Field("methods", _("Ways to pay"), help=_("Such as card, alipay, wechat_pay; empty: as set at Stripe.")),
        Field("api_base", _("Address of the API"), is_for_operator=True, is_address=True),
    )

    def means(self, account: GatewayAccount) -> tuple[str, ...]:
        """Name those that are chosen here; cards where that is left to Stripe."""
        return tuple(_MEANS[name] for name in _methods(account) or ["card"] if name in _MEANS)

    def least_minor(self, currency: str) -> int:
        """Return Stripe's own limit."""
        return _LEAST.get(currency.upper(), 1)

    def form_origins(self, account: GatewayAccount) -> tuple[str, ...]:
        """Name Stripe's page, or the double's."""
        base = account.options.get("api_base")
        return (origin(str(base)),) if base else (_CHECKOUT,)

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Make a Checkout session, once: the idempotency key is the attempt's, and its page is kept."""
        if attempt.details.get("url"):
            return Redirect(str(attempt.details["url"]))
        session = _ask(lambda: _client(attempt.account).v1.checkout.sessions.create(params=_page(attempt, links), options=_once(attempt)))
        details = {"session": session["id"], "url": session["url"]}
        PaymentAttempt.objects.filter(pk=attempt.pk).update(details=details)
        return Redirect(str(session["url"]))

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Check the signature and its age, then translate; a test event means nothing to a live account."""
        try:
            stripe.WebhookSignature.verify_header(
                message.body, message.headers.get("stripe-signature"), secret(account, "webhook_secret"), _TOLERANCE_SECONDS
            )
            event = json.loads(message.body)
        except (stripe.SignatureVerificationError, ValueError) as error:
            raise BadCallback(f"the signature does not fit: {str(error)[:120]}") from None
        if not isinstance(event, dict) or event.get("object") != "event":
            raise BadCallback("this is no event")
        if bool(event.get("livemode")) != _is_live(account):
            raise BadCallback("a test event came to a live account, or the other way round")
        return list(_events(account, event))

    def query(self, attempt: PaymentAttempt) -> ProviderEvent | None:
        """Look the session up."""
        name = attempt.details.get("session")
        if not name:
            return None
        session = _ask(lambda: _client(attempt.account).v1.checkout.sessions.retrieve(str(name)))
        if session.get("payment_status") == "paid":
            return stripe_events.of_session(session, kind="paid", event_id=f"query:{name}", at=timezone.now())
        return (
            stripe_events.of_session(session, kind="expired", event_id=f"query:{name}", at=timezone.now())
            if session.get("status") == "expired"
            else None
        )

    def payer(self, attempt: PaymentAttempt) -> str:
        """Read the fingerprint of the card or wallet: the same for all its payments through this account."""
        params: Any = {"expand": ["latest_charge"]}
        intent = _ask(lambda: _client(attempt.account).v1.payment_intents.retrieve(attempt.provider_transaction or "", params))
        return stripe_events.fingerprint(intent.get("latest_charge"))

    def movements(self, account: GatewayAccount, *, since: datetime.datetime, until: datetime.datetime) -> Sequence[Movement]:
        """List balance transactions, page by page, with the charge or refund behind each."""
        params: Any = {
            "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp()) + 1}, "limit": 100, "expand": ["data.source"],
        }  # fmt: skip
        client, found = _client(account), list[Movement]()
        for _page_number in range(_MOST_PAGES):
            page = _ask(functools.partial(client.v1.balance_transactions.list, params=params))
            found += [made for line in page["data"] if (made := stripe_events.movement(line)) is not None]
            if not page.get("has_more"):
                return found
            params |= {"starting_after": page["data"][-1]["id"]}
        raise GatewayError("Stripe lists more than can be compared")

    def disputes(self, account: GatewayAccount) -> Sequence[ProviderEvent]:
        """List the last hundred."""
        page = _ask(lambda: _client(account).v1.disputes.list(params={"limit": 100}))
        now, found = timezone.now(), list[ProviderEvent]()
        for one in page["data"]:
            kind = stripe_events.kind_of_dispute(one)
            found.append(_of_money(account, one, kind, f"list:{one['id']}:{kind}", now))
        return found

    def check(self, account: GatewayAccount) -> None:
        """Read the account's balance and a refund: a restricted key may lack the right to what is needed on another day."""
        _ask(lambda: _client(account).v1.balance.retrieve())
        _ask(lambda: _client(account).v1.refunds.list(params={"limit": 1}))

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pay back to the way it came; `pending` is normal, the end is told by an event."""
        made = _ask(
            lambda: _client(attempt.account).v1.refunds.create(
                params={
                    "payment_intent": attempt.provider_transaction or "",
                    "amount": amount_minor,
                    "metadata": {"attempt": attempt.token, "refund": key},
                },
                options={"idempotency_key": f"refund-{key}"},
            )
        )
        if made.get("status") in {"failed", "canceled"}:
            raise GatewayError(f"Stripe could not pay back: {made.get('failure_reason') or made['status']}")
        return str(made["id"])

    def query_refund(self, attempt: PaymentAttempt, *, number: str) -> ProviderEvent | None:
        """Look the refund up."""
        account = attempt.account
        found = _ask(lambda: _client(account).v1.refunds.retrieve(number))
        kind = stripe_events.REFUNDS.get(str(found.get("status")))
        return _of_money(account, found, kind, f"query:{number}:{kind}", timezone.now()) if kind else None

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer by status: Stripe repeats what was not answered by 200, for three days."""
        return Reply(200, "ok") if is_taken else Reply(500, "again")


def _client(account: GatewayAccount) -> stripe.StripeClient:
    base = account.options.get("api_base")
    return stripe.StripeClient(
        secret(account, "secret_key"),
        base_addresses={"api": str(base)} if base else {},
        max_network_retries=1,
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
    )


def _ask(call: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
    """Do one call and return its answer as plain values; Stripe's own words are for the operator, keys are not in them."""
    try:
        return dict(call().to_dict())
    except stripe.AuthenticationError:
        raise GatewayError("Stripe refuses the secret key") from None
    except stripe.StripeError as error:
        raise GatewayError(f"Stripe: {error.user_message or type(error).__name__}"[:300]) from error


def _page(attempt: PaymentAttempt, links: Links) -> Any:
    """Return the session to make: one line of our own price; the attempt's token wherever later events can carry it."""
    order, methods = attempt.order, _methods(attempt.account)
    ids = {"attempt": attempt.token, "order": order.number}
    line = {
        "quantity": 1,
        "price_data": {
            "currency": attempt.currency.lower(),
            "unit_amount": attempt.amount_minor,
            "product_data": {"name": f"{order.product_name} × {order.quantity}" if order.quantity > 1 else order.product_name},
        },
    }
    page: dict[str, Any] = {
        "mode": "payment",
        "line_items": [line],
        "client_reference_id": attempt.token,
        "metadata": ids,
        "payment_intent_data": {"metadata": ids},
        "success_url": links.back,
        "cancel_url": links.order,
        "expires_at": int((attempt.created_at + _PAGE_OPEN).timestamp()),
        "locale": _LOCALES.get(order.language, "auto"),
        # A buyer's discount or currency of Stripe's choice would change the amount that the order waits for.
        "allow_promotion_codes": False,
        "adaptive_pricing": {"enabled": False},
    }
    if order.email:
        page["customer_email"] = order.email
    if methods:
        page["payment_method_types"] = methods
    if "wechat_pay" in methods:
        page["payment_method_options"] = {"wechat_pay": {"client": "web"}}
    return page


def _methods(account: GatewayAccount) -> list[str]:
    return [name.strip() for name in str(account.options.get("methods") or "").split(",") if name.strip()]


def _once(attempt: PaymentAttempt) -> Any:
    return {"idempotency_key": f"attempt-{attempt.token}"}


def _is_live(account: GatewayAccount) -> bool:
    return "_live_" in secret(account, "secret_key")[:12]


def _events(account: GatewayAccount, event: Mapping[str, Any]) -> Iterator[ProviderEvent]:
    """Translate one of Stripe's events into what it says about payments, refunds and disputes."""
    kind, subject = str(event["type"]), event["data"]["object"]
    identity, at = str(event["id"]), datetime.datetime.fromtimestamp(int(event["created"]), tz=datetime.UTC)
    if kind.startswith("checkout.session."):
        yield stripe_events.of_session(subject, kind=stripe_events.kind_of_session(kind, subject), event_id=identity, at=at)
    elif kind.startswith(("refund.", "charge.refund.")):
        yield _of_refund(account, subject, kind, identity, at)
    elif kind.startswith("charge.dispute."):
        yield _of_money(account, subject, stripe_events.kind_of_dispute(subject), identity, at)
    else:
        yield ProviderEvent("", identity, kind[:40], "", 0, "", at)
        if kind == "charge.refunded":
            yield from _refunds_of(account, subject, identity, at)


def _of_refund(account: GatewayAccount, refund: Mapping[str, Any], kind: str, identity: str, at: datetime.datetime) -> ProviderEvent:
    """Translate a refund. One that has succeeded may have failed by now, and messages overtake one another: Stripe is asked."""
    event = _of_money(account, refund, stripe_events.REFUNDS.get(str(refund.get("status")), kind), identity, at)
    if event.kind != "refunded":
        return event
    now = _ask(lambda: _client(account).v1.refunds.retrieve(event.reference))
    return replace(event, kind=stripe_events.REFUNDS.get(str(now.get("status")), kind))


def _refunds_of(account: GatewayAccount, charge: Mapping[str, Any], identity: str, at: datetime.datetime) -> Iterator[ProviderEvent]:
    """Read the refunds of a charge of ours: its own event names none, and may be the only one that the account sends."""
    intent = str(charge.get("payment_intent") or "")
    is_named = bool((charge.get("metadata") or {}).get("attempt"))
    if not intent or not (is_named or PaymentAttempt.objects.filter(account=account, provider_transaction=intent).exists()):
        return
    found = _ask(lambda: _client(account).v1.refunds.list(params={"payment_intent": intent, "limit": 100}))
    for refund in found["data"]:
        status = str(refund.get("status"))
        yield _of_money(account, refund, stripe_events.REFUNDS.get(status, f"refund.{status}"), f"{identity}:{refund['id']}", at)


def _of_money(account: GatewayAccount, subject: Mapping[str, Any], kind: str, identity: str, at: datetime.datetime) -> ProviderEvent:
    """Translate a refund or a dispute. It may come before the payment's own event: the payment itself knows whose it is."""
    intent = str(subject.get("payment_intent") or "")
    token = str((subject.get("metadata") or {}).get("attempt") or "")
    if not token and intent and not PaymentAttempt.objects.filter(account=account, provider_transaction=intent).exists():
        found = _ask(lambda: _client(account).v1.payment_intents.retrieve(intent))
        token = str((found.get("metadata") or {}).get("attempt") or "")
    return ProviderEvent(
        attempt_token=token, event_id=identity, kind=kind[:40], transaction=intent, amount_minor=int(subject.get("amount") or 0),
        currency=str(subject.get("currency") or "").upper(), occurred_at=at, reference=str(subject.get("id") or ""),
        raw={
            "status": str(subject.get("status")),
            "reason": str(subject.get("reason")),
            "refund": str((subject.get("metadata") or {}).get("refund") or ""),
        },
    )  # fmt: skip
