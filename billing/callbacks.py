"""The door for what gateways say: kept once in the inbox, authenticated by the driver, settled, answered."""

from __future__ import annotations

import datetime
import hashlib

import structlog
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing import gateway_alarms, gateways, settlement
from billing.models import GatewayAccount, PaymentAttempt, Refund, WebhookInbox
from billing.payments.base import BadCallback, GatewayError, Message, ProviderEvent, Reply

State = WebhookInbox.State
_ASKED_AFTER, _ASKED_FOR = datetime.timedelta(minutes=2), datetime.timedelta(days=1)
_REFUNDS_ASKED_AFTER, _REFUNDS_ASKED_FOR = datetime.timedelta(minutes=10), datetime.timedelta(days=30)

log = structlog.get_logger(__name__)


def receive(*, account: GatewayAccount, message: Message) -> Reply:
    """Take a message of a gateway in. A message that proves nothing is refused with its reason kept for the operator."""
    driver = gateways.driver_of(account.driver)
    try:
        events = driver.parse(account, message)
    except BadCallback as refusal:
        _refuse(account, message, str(refusal))
        gateway_alarms.tell(account, f"a message was refused: {refusal}")
        return Reply(400, "refused")
    except GatewayError as error:  # the driver asked the gateway back and got no answer
        _refuse(account, message, str(error))
        gateway_alarms.tell(account, str(error))
        return driver.reply(is_taken=False)
    taken = [_take(account, event) for event in events]
    return driver.reply(is_taken=all(taken))


def ask_about_pending(*, limit: int = 200) -> int:
    """Ask gateways about payments that have waited for minutes: their messages may be lost. Return how many had an end.

    An account that does not answer is not asked again in this round, so that it holds up no other.
    """
    now = timezone.now()
    waiting = PaymentAttempt.objects.filter(state=PaymentAttempt.State.PENDING, created_at__range=(now - _ASKED_FOR, now - _ASKED_AFTER))
    ended, silent = 0, set[int]()
    for attempt in waiting.select_related("account__tenant", "order").order_by("-pk")[:limit]:
        if attempt.account_id in silent:
            continue
        try:
            ended += _ask(attempt)
        except GatewayError as error:
            _note_silence(attempt.account, error)
            silent.add(attempt.account_id)
    return ended


def ask_about_refunds(*, limit: int = 100) -> int:
    """Ask gateways about refunds that have been on their way for minutes, newest first. Return how many had an end."""
    now = timezone.now()
    waiting = Refund.objects.filter(state=Refund.State.SUBMITTED, created_at__range=(now - _REFUNDS_ASKED_FOR, now - _REFUNDS_ASKED_AFTER))
    ended, silent = 0, set[int]()
    for refund in waiting.exclude(provider_number=None).select_related("attempt__account__tenant").order_by("-pk")[:limit]:
        account = refund.attempt.account
        if account.pk in silent or not gateways.is_ready(account):
            continue
        try:
            event = gateways.driver_of(account.driver).query_refund(refund.attempt, number=refund.provider_number or "")
        except GatewayError as error:
            _note_silence(account, error)
            silent.add(account.pk)
        else:
            ended += event is not None and _take(account, event)
    return ended


def ask_about_disputes() -> int:
    """Ask gateways how disputes stand, of which no message may have come. Return how many accounts were asked.

    An account whose key may not read them is no alarm: its messages tell.
    """
    asked = 0
    for account in GatewayAccount.objects.filter(is_enabled=True).select_related("tenant").order_by("pk"):
        if not gateways.is_ready(account):
            continue
        try:
            events = gateways.driver_of(account.driver).disputes(account)
        except GatewayError as error:
            log.warning("a gateway does not list its disputes", account=account.pk, reason=str(error))
            continue
        asked += 1
        for event in events:
            _take(account, event)
    return asked


def ask(attempt: PaymentAttempt) -> bool:
    """Ask the gateway what became of a payment and settle its answer; tell whether it had one."""
    try:
        return _ask(attempt)
    except GatewayError as error:
        _note_silence(attempt.account, error)
        return False


def _ask(attempt: PaymentAttempt) -> bool:
    if not gateways.is_ready(attempt.account):
        return False
    event = gateways.driver_of(attempt.account.driver).query(attempt)
    return event is not None and _take(attempt.account, event)


def _note_silence(account: GatewayAccount, error: GatewayError) -> None:
    log.warning("a gateway does not answer", account=account.pk, reason=str(error))
    gateway_alarms.tell(account, str(error))


def _take(account: GatewayAccount, event: ProviderEvent) -> bool:
    """Settle one event; True when the gateway need not send it again."""
    WebhookInbox.objects.bulk_create(
        [WebhookInbox(account=account, event_id=event.event_id[:120], kind=event.kind[:40], body=dict(event.raw))], ignore_conflicts=True
    )
    row = WebhookInbox.objects.filter(account=account, event_id=event.event_id[:120])
    row.update(tries=F("tries") + 1)
    _ask_first(account, event)
    try:
        with transaction.atomic():
            settlement.settle(account=account, event=event)
            known = event.kind in settlement.KINDS
            row.update(state=State.PROCESSED if known else State.IGNORED, reason="", ended_at=timezone.now())
    except settlement.UnknownPayment as reason:
        row.update(state=State.IGNORED, reason=str(reason)[:200], ended_at=timezone.now())
    except Exception as error:
        # Whatever went wrong is ours: keep it for the operator and let the gateway send it again.
        log.exception("a payment was not settled", account=account.pk, event_kind=event.kind)
        row.update(state=State.FAILED, reason=f"{type(error).__name__}: {error}"[:200])
        return False
    return True


def _ask_first(account: GatewayAccount, event: ProviderEvent) -> None:
    """Where a refund or dispute is told before its payment (messages come in any order), ask the gateway for that first."""
    if event.kind not in settlement.AFTER_PAYMENT:
        return
    try:
        attempt = settlement.payment_of(account, event)
    except settlement.UnknownPayment:
        return
    if attempt.received_minor is None:
        ask(attempt)


def _refuse(account: GatewayAccount, message: Message, reason: str) -> None:
    content = b"\0".join([message.method.encode(), repr(sorted(message.query.items())).encode(), message.body])
    event_id = f"refused:{hashlib.sha256(content).hexdigest()}"
    WebhookInbox.objects.bulk_create(
        [WebhookInbox(account=account, event_id=event_id, kind="refused", state=State.FAILED, reason=reason[:200])], ignore_conflicts=True
    )
    WebhookInbox.objects.filter(account=account, event_id=event_id).update(tries=F("tries") + 1, ended_at=timezone.now())
