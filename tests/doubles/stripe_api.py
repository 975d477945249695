"""A stateful Stripe: Checkout sessions, PaymentIntents, refunds, disputes, idempotency keys, and signed webhooks with knobs.

The real stripe library talks to it. Its page has buttons. Signing is done here by hand, as Stripe documents it.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import parse_qsl

from tests.doubles.web import Asked, Given, Service

WEBHOOK_SECRET = "whsec_test_secret"
SECRET_KEY = "sk_test_keyosk"


class StripeApi(Service):
    """`deliver` sends an event to `webhook`; knobs: copies, the secret it signs with, the age of the signature."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.webhook = ""
        self.secret = WEBHOOK_SECRET
        self.copies = 1
        self.age_seconds = 0
        self.amount_off = 0
        self.fails_refunds = False
        self.hides_refunds = False
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        # By which means an intent was paid, as a charge tells it.
        self.means: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.disputes: dict[str, dict[str, Any]] = {}
        self.held: list[dict[str, Any]] = []
        self.holds_events = False
        self.pays_at_once = False
        self.balance: list[dict[str, Any]] = []
        self.page_size = 100
        self._numbers = itertools.count(1)
        self._once: dict[str, tuple[bytes, Given]] = {}

    def handle(self, asked: Asked) -> Given:
        if asked.path.startswith("/pay/"):
            return self._page(asked)
        if asked.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            return _error(401, "invalid_request_error", "Invalid API Key provided")
        key = asked.headers.get("idempotency-key", "")
        if key and key in self._once:
            body, given = self._once[key]
            if body == asked.body:
                return given
            return _error(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters.")
        given = self._api(asked)
        if key:
            self._once[key] = (asked.body, given)
        return given

    def _api(self, asked: Asked) -> Given:
        parts = asked.path.removeprefix("/v1/").split("/")
        match [asked.method, *parts]:
            case ["GET", "balance"]:
                return _json({"object": "balance", "available": [], "pending": [], "livemode": False})
            case ["POST", "checkout", "sessions"]:
                return _json(self._open(nested(asked.body)))
            case ["GET", "checkout", "sessions", name] if name in self.sessions:
                return _json(self.sessions[name])
            case ["GET", "balance_transactions"]:
                return _json(self._list_balance(asked.query))
            case ["GET", "payment_intents", name] if name in self.intents:
                charge = {"object": "charge", "payment_method_details": self.means.get(name, {"type": "card", "card": {}})}
                return _json({**self.intents[name], "latest_charge": charge if asked.query.get("expand[0]") else "ch_1"})
            case ["GET", "disputes"]:
                return _json({"object": "list", "data": list(self.disputes.values()), "has_more": False, "url": "/v1/disputes"})
            case [_, "refunds", *named]:
                return self._refund(nested(asked.body)) if asked.method == "POST" else self._look_up_refunds(named, asked.query)
        return _error(404, "invalid_request_error", f"Unrecognized request URL ({asked.method}: {asked.path})")

    def _open(self, wanted: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        line = wanted["line_items"]["0"]
        if int(wanted["expires_at"]) < time.time() + 1700:
            raise AssertionError("expires_at must be half an hour away")
        session = {
            "id": f"cs_test_{number}",
            "object": "checkout.session",
            "mode": wanted["mode"],
            "status": "open",
            "payment_status": "unpaid",
            "client_reference_id": wanted["client_reference_id"],
            "metadata": wanted.get("metadata", {}),
            "amount_total": int(line["price_data"]["unit_amount"]) * int(line["quantity"]),
            "currency": line["price_data"]["currency"],
            "payment_intent": None,
            "success_url": wanted["success_url"],
            "url": f"{self.url}/pay/cs_test_{number}",
            "intent_metadata": wanted.get("payment_intent_data", {}).get("metadata", {}),
        }
        self.sessions[session["id"]] = session
        if self.pays_at_once:
            self.pay(session["id"])
        return session

    def _refund(self, wanted: dict[str, Any]) -> Given:
        intent = self.intents.get(wanted.get("payment_intent", ""))
        if intent is None:
            return _error(404, "invalid_request_error", "No such payment_intent")
        amount = int(wanted["amount"])
        if intent["amount_refunded"] + amount > intent["amount"]:
            return _error(400, "invalid_request_error", "Refund amount is greater than unrefunded amount on charge")
        intent["amount_refunded"] += amount
        refund = {
            "id": f"re_{next(self._numbers)}", "object": "refund", "amount": amount, "currency": intent["currency"],
            "payment_intent": intent["id"], "metadata": wanted.get("metadata", {}), "status": "failed" if self.fails_refunds else "pending",
        }  # fmt: skip
        self.refunds[refund["id"]] = refund
        self.book("refund", refund)
        return _json(refund)

    def _look_up_refunds(self, named: list[str], query: dict[str, str]) -> Given:
        """One by its number, or all of a payment, as far as the key may."""
        if self.hides_refunds:
            return _error(403, "invalid_request_error", "The provided key does not have the required permissions (refund_read)")
        if named:
            return _json(self.refunds[named[0]])
        rows = [row for row in self.refunds.values() if row["payment_intent"] == query.get("payment_intent", row["payment_intent"])]
        return _json({"object": "list", "data": rows, "has_more": False, "url": "/v1/refunds"})

    def book(self, kind: str, source: dict[str, Any], *, at: float | None = None) -> None:
        """Write a balance transaction down, as Stripe does for all that moves money."""
        sign = -1 if kind == "refund" else 1
        self.balance.append(
            {
                "id": f"txn_{next(self._numbers)}", "object": "balance_transaction", "type": kind, "created": int(at or time.time()),
                "amount": sign * source["amount"], "currency": source["currency"], "fee": 0, "net": sign * source["amount"],
                "source": json.loads(json.dumps(source)),
            }
        )  # fmt: skip

    def _list_balance(self, query: dict[str, str]) -> dict[str, Any]:
        """Newest first, between two moments, after a line, with the source only where it is asked for."""
        rows = [row for row in reversed(self.balance) if int(query["created[gte]"]) <= row["created"] < int(query["created[lt]"])]
        after = query.get("starting_after")
        if after:
            rows = rows[[row["id"] for row in rows].index(after) + 1 :]
        size = min(self.page_size, int(query.get("limit", "10")))
        page = rows[:size]
        if query.get("expand[0]") != "data.source":
            page = [{**row, "source": row["source"]["id"]} for row in page]
        return {"object": "list", "data": page, "has_more": len(rows) > size, "url": "/v1/balance_transactions"}

    def _charge(self, intent: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"ch_{intent['id']}", "object": "charge", "amount": intent["amount"], "currency": intent["currency"],
            "payment_intent": intent["id"], "metadata": intent["metadata"],
        }  # fmt: skip

    def _page(self, asked: Asked) -> Given:
        name = asked.path.split("/")[2]
        if asked.query.get("do") == "pay":
            self.pay(name)
            return Given(b"", 303, {"location": self.sessions[name]["success_url"]})
        buttons = f'<h1>Checkout</h1><form><button id="pay" name="do" value="pay">Pay {self.sessions[name]["amount_total"]}</button></form>'
        return Given(buttons.encode(), 200, {"content-type": "text/html"})

    def pay(self, name: str, *, later: bool = False) -> dict[str, Any]:
        """Let a buyer pay a session; `later` is a method that takes its time. Returns the event."""
        session = self.sessions[name]
        intent_id = session["payment_intent"] or f"pi_{next(self._numbers)}"
        session |= {"payment_intent": intent_id, "status": "complete", "payment_status": "unpaid" if later else "paid"}
        session["amount_total"] += self.amount_off
        self.intents[intent_id] = {
            "id": intent_id, "object": "payment_intent", "amount": session["amount_total"], "amount_refunded": 0,
            "currency": session["currency"], "metadata": session["intent_metadata"], "status": "processing" if later else "succeeded",
        }  # fmt: skip
        if not later:
            self.book("charge", self._charge(self.intents[intent_id]))
        return self.deliver("checkout.session.completed", session)

    def come_in(self, name: str) -> dict[str, Any]:
        """Let slow money arrive."""
        session = self.sessions[name]
        session["payment_status"] = "paid"
        self.book("payment", self._charge(self.intents[session["payment_intent"]]))
        return self.deliver("checkout.session.async_payment_succeeded", session)

    def expire(self, name: str) -> dict[str, Any]:
        self.sessions[name]["status"] = "expired"
        return self.deliver("checkout.session.expired", self.sessions[name])

    def finish_refund(self, name: str, *, status: str = "succeeded") -> dict[str, Any]:
        refund = self.refunds[name]
        if status == "failed" and refund["status"] != "failed":
            self.intents[refund["payment_intent"]]["amount_refunded"] -= refund["amount"]
            if refund["status"] == "succeeded":
                self.book("refund_failure", refund)
        refund["status"] = status
        return self.deliver("refund.failed" if status == "failed" else "refund.updated", self.refunds[name])

    def fail(self, name: str) -> dict[str, Any]:
        """Let slow money not come."""
        return self.deliver("checkout.session.async_payment_failed", self.sessions[name])

    def give_back(self, name: str, *, amount: int | None = None) -> str:
        """Let a person refund a payment at Stripe, past the shop; return the refund's number. `finish_refund` ends it."""
        intent = self.intents[self.sessions[name]["payment_intent"]]
        wanted = {"payment_intent": intent["id"], "amount": str(amount or intent["amount"])}
        refund = json.loads(self._refund(wanted).body)
        self.deliver("refund.created", refund)
        self.deliver("charge.refunded", self._charge(intent))
        return str(refund["id"])

    def move_funds(self, name: str, what: str) -> dict[str, Any]:
        """Tell that the money of an open dispute was taken (`funds_withdrawn`), came back, or that the dispute was updated."""
        intent = self.intents[self.sessions[name]["payment_intent"]]
        subject = {
            "id": f"dp_{intent['id']}", "object": "dispute", "amount": intent["amount"], "currency": intent["currency"],
            "payment_intent": intent["id"], "status": "under_review", "reason": "fraudulent", "metadata": {},
        }  # fmt: skip
        return self.deliver(f"charge.dispute.{what}", subject)

    def dispute(self, name: str, *, end: str = "", moved: int = 0) -> dict[str, Any]:
        """Open a dispute about a session's payment, or close it (`won`, `lost`, `warning_closed`, `prevented`); `moved` left for it."""
        intent = self.intents[self.sessions[name]["payment_intent"]]
        subject = {
            "id": f"dp_{intent['id']}", "object": "dispute", "amount": intent["amount"], "currency": intent["currency"],
            "payment_intent": intent["id"], "status": end or "needs_response", "reason": "fraudulent", "metadata": {},
            "balance_transactions": [{"id": "txn_d", "object": "balance_transaction", "amount": -moved}] if moved else [],
        }  # fmt: skip
        self.disputes[subject["id"]] = subject
        return self.deliver("charge.dispute.closed" if end else "charge.dispute.created", subject)

    def deliver(self, kind: str, subject: dict[str, Any]) -> dict[str, Any]:
        """Send an event, or keep it in `held`; shops never see our private fields."""
        shown = {name: value for name, value in subject.items() if name != "intent_metadata"}
        event = {
            "id": f"evt_{next(self._numbers)}", "object": "event", "type": kind, "created": int(time.time()), "livemode": False,
            "data": {"object": json.loads(json.dumps(shown))},
        }  # fmt: skip
        if self.holds_events:
            self.held.append(event)
        else:
            for _ in range(self.copies):
                self.send(event)
        return event

    def send(self, event: dict[str, Any]) -> int:
        """Post one event, signed; return the status."""
        body = json.dumps(event).encode()
        request = urllib.request.Request(
            self.webhook,
            data=body,
            headers={"content-type": "application/json", "stripe-signature": signature(body, self.secret, self.age_seconds)},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def signature(body: bytes, secret: str, age_seconds: int = 0) -> str:
    """`t=…,v1=…` over `t.body`."""
    at = int(time.time()) - age_seconds
    return f"t={at},v1={hmac.new(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hexdigest()}"


def nested(body: bytes) -> dict[str, Any]:
    """Read `a[b][0][c]=x`, as Stripe does."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(body.decode(), keep_blank_values=True):
        *parents, last = name.replace("]", "").split("[")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return found


def _json(value: dict[str, Any]) -> Given:
    return Given(json.dumps(value).encode(), 200, {"content-type": "application/json", "request-id": "req_1"})


def _error(status: int, kind: str, message: str) -> Given:
    body = json.dumps({"error": {"type": kind, "message": message}}).encode()
    return Given(body, status, {"content-type": "application/json", "request-id": "req_1"})
