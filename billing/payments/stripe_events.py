"""Read what Stripe's sessions, disputes and balance transactions say. Pure. Sources: https://docs.stripe.com/api."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from billing.payments.base import Movement, ProviderEvent

# What means something here; all others are kept and ignored.
WANTED = (
    "checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
    "checkout.session.expired", "charge.refunded", "refund.created", "refund.updated", "refund.failed", "charge.dispute.created",
    "charge.dispute.updated", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated", "charge.dispute.closed",
)  # fmt: skip
REFUNDS = {"succeeded": "refunded", "failed": "refund_failed", "canceled": "refund_failed"}
# How a dispute stands is in its status, whichever event tells of it; https://docs.stripe.com/api/disputes/object.
_DISPUTES = {"won": "dispute_won", "warning_closed": "dispute_won", "lost": "dispute_lost"}
# https://docs.stripe.com/reports/balance-transaction-types
_MOVES = {"charge": "paid", "payment": "paid", "refund": "refunded", "payment_refund": "refunded", "refund_failure": "refund_failed"}


def movement(line: Mapping[str, Any]) -> Movement | None:
    """Translate a balance transaction; fees, payouts and corrections are no payments."""
    kind, source = _MOVES.get(str(line.get("type"))), line.get("source")
    if kind is None or not isinstance(source, Mapping):
        return None
    return Movement(
        kind=kind, transaction=str(source.get("payment_intent") or ""), amount_minor=int(source.get("amount") or 0),
        currency=str(source.get("currency") or "").upper(), at=datetime.datetime.fromtimestamp(int(line["created"]), tz=datetime.UTC),
        attempt_token=str((source.get("metadata") or {}).get("attempt") or ""),
        reference="" if kind == "paid" else str(source.get("id") or ""),
    )  # fmt: skip


def fingerprint(charge: object) -> str:
    """Return what a charge's card or wallet is told apart by; empty for means that have none."""
    means = charge.get("payment_method_details") if isinstance(charge, Mapping) else None
    details = means.get(str(means.get("type"))) if isinstance(means, Mapping) else None
    return str(details.get("fingerprint") or "") if isinstance(details, Mapping) else ""


def kind_of_session(kind: str, session: Mapping[str, Any]) -> str:
    """`completed` alone is no money: methods that take their time say so by `payment_status`."""
    what = kind.rpartition(".")[2]
    if session.get("mode") != "payment":
        return what
    if what in {"completed", "async_payment_succeeded"}:
        return "paid" if session.get("payment_status") == "paid" else what
    return {"async_payment_failed": "failed", "expired": "expired"}.get(what, what)


def kind_of_dispute(dispute: Mapping[str, Any]) -> str:
    """Read how a dispute stands. One that was prevented has an end: for the buyer where money left the account, else for the shop."""
    status = str(dispute.get("status"))
    if status == "prevented":
        moves = [move for move in dispute.get("balance_transactions") or () if isinstance(move, Mapping)]
        return "dispute_lost" if sum(int(move.get("amount") or 0) for move in moves) < 0 else "dispute_won"
    return _DISPUTES.get(status, "disputed")


def of_session(session: Mapping[str, Any], *, kind: str, event_id: str, at: datetime.datetime) -> ProviderEvent:
    """Translate a session. Only what we made names its payment twice: a buyer can write a reference into the address of another page."""
    token, ours = str(session.get("client_reference_id") or ""), (session.get("metadata") or {}).get("attempt")
    return ProviderEvent(
        attempt_token=token if token == ours else "", event_id=event_id, kind=kind[:40],
        transaction=str(session.get("payment_intent") or ""), amount_minor=int(session.get("amount_total") or 0),
        currency=str(session.get("currency") or "").upper(), occurred_at=at,
        raw={"session": str(session.get("id")), "payment_status": str(session.get("payment_status"))},
    )  # fmt: skip
