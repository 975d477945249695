"""USDT through a self-hosted epusdt or BEpusdt: an invoice page with an address, and a signed message when the coins are there.

Sources: epusdt `wiki/API.md`, BEpusdt `docs/api/api.md`. BEpusdt tells every change of state; only state 2 is money.
Numbers are signed as they are spelled, so that messages are read without turning them into numbers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import md5_signature
from billing.models import GatewayAccount, PaymentAttempt
from billing.money import parse_minor, plain_minor
from billing.payments.base import (
    BadCallback,
    Driver,
    Field,
    GatewayError,
    Links,
    Message,
    ProviderEvent,
    Redirect,
    Reply,
    may_be_private,
    origin,
    secret,
)  # fmt: skip
from foundation import outbound

_TIMEOUT_SECONDS = 15.0
_CURRENCY = "CNY"
_AMOUNT = re.compile(r"\d{1,8}(\.\d{1,8})?", re.ASCII)
_KINDS = {"1": "waiting", "2": "paid", "3": "expired"}


class Epusdt(Driver):
    """Both gateways of this family; BEpusdt wants the kind of coin named."""

    slug: ClassVar[str] = "epusdt"
    label = _("USDT (epusdt, BEpusdt)")
    currencies: ClassVar[tuple[str, ...]] = (_CURRENCY,)
    fields: ClassVar[tuple[Field, ...]] = (
        Field("base", _("Address of the gateway"), is_required=True, is_address=True, help=_("Such as https://usdt.example.com")),
        Field("token", _("API token"), is_secret=True, is_required=True),
        Field("trade_type", _("Kind of coin"), help=_("For BEpusdt, such as usdt.trc20; empty for epusdt.")),
        Field("payment_origin", _("Address of the payment page"), is_address=True, help=_("Only where it differs from the gateway's.")),
    )

    def means(self, account: GatewayAccount) -> tuple[str, ...]:
        """Name USDT, unless another coin is chosen here."""
        chosen = str(account.options.get("trade_type") or "usdt").lower()
        return ("usdt",) if chosen.startswith("usdt") else ()

    def form_origins(self, account: GatewayAccount) -> tuple[str, ...]:
        """Name the invoice page's origin."""
        return (origin(str(account.options.get("payment_origin") or _base(account))),)

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Make an invoice, once: asked again, its page is returned."""
        if attempt.details.get("payment_url"):
            return Redirect(str(attempt.details["payment_url"]))
        made = _create(attempt, links)
        address, url = str(made.get("token") or ""), str(made.get("payment_url") or "")
        if not address or not url.startswith(("http://", "https://")):
            raise GatewayError("the gateway made no invoice")
        details = {"trade_id": str(made.get("trade_id", "")), "address": address, "payment_url": url, **_shown(attempt.account, made)}
        PaymentAttempt.objects.filter(pk=attempt.pk).update(details=details)
        return Redirect(url)

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Check the signature over the numbers as they are spelled, and what binds the message to one payment."""
        values = _read(message.body)
        if not md5_signature.is_signed(values, values.get("signature", ""), key=secret(account, "token")):
            raise BadCallback("the signature is wrong: compare the API token with the gateway's")
        if values.get("order_id") != message.attempt:
            raise BadCallback("the signed order number is not the one of the address: a replay")
        kind = _KINDS.get(values.get("status", ""), "unknown")
        if kind == "paid":
            _check_paid(account, values)
        return [_event(values, kind)]

    def check(self, account: GatewayAccount) -> None:
        """Ask for an invoice without an amount: both look at the signature first, so the token is tried and nothing is made."""
        answer = _ask(account, {"order_id": "account-test"}, amount="")
        said = str(answer.get("message") or "")
        if "status_code" not in answer:
            raise GatewayError("no epusdt answers at this address")
        if str(answer["status_code"]) == "401" or "签名" in said or "signature" in said.lower():
            raise GatewayError(f"the gateway does not accept the API token: {said[:120]}")

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer what both accept: epusdt waits for `ok`, BEpusdt for status 200."""
        return Reply(200, "ok") if is_taken else Reply(500, "fail")


def _base(account: GatewayAccount) -> str:
    return str(account.options["base"]).strip().rstrip("/")


def _create(attempt: PaymentAttempt, links: Links) -> dict[str, Any]:
    account = attempt.account
    values = {
        "order_id": attempt.token,
        "notify_url": links.notify,
        "redirect_url": links.back,
        "trade_type": str(account.options.get("trade_type") or ""),
    }
    found = _ask(account, values, amount=_spelled(attempt.amount_minor))
    data = found.get("data")
    if not isinstance(data, dict):
        raise GatewayError(f"the gateway made no invoice: {str(found.get('message', ''))[:120]}")
    return data


def _shown(account: GatewayAccount, made: Mapping[str, Any]) -> dict[str, str]:
    """Return what the order's page shows of an invoice beside the gateway's own page; nothing where the number of coins is unreadable.

    Kinds are called coin.network (usdt.trc20), the networks' own coins network.coin (tron.trx); epusdt knows USDT on TRC20 alone.
    """
    coins, address = str(made.get("actual_amount") or ""), str(made["token"])
    if not _AMOUNT.fullmatch(coins):
        return {}
    first, _dot, second = str(account.options.get("trade_type") or "usdt.trc20").strip().upper().partition(".")
    coin, chain = (first, second) if first in {"USDT", "USDC"} else (second, first)
    return {"scan": address, "to": address, "link": str(made["payment_url"]), "coins": coins, "coin": coin, "chain": chain}


def _ask(account: GatewayAccount, values: Mapping[str, str], *, amount: str) -> dict[str, Any]:
    """Sign and send what makes an invoice; return the JSON object that is answered. Raises GatewayError."""
    values = {name: value for name, value in values.items() if value}
    signature = md5_signature.sign({**values, "amount": amount}, key=secret(account, "token"))
    # The amount must be a JSON number spelled like the signed text.
    pairs = [f'"amount":{amount}'] if amount else []
    pairs += [f"{json.dumps(name)}:{json.dumps(value)}" for name, value in values.items()]
    body = "{" + ",".join([*pairs, f'"signature":"{signature}"']) + "}"
    try:
        answer = outbound.request(
            "POST", f"{_base(account)}/api/v1/order/create-transaction", headers=(("content-type", "application/json"),),
            content=body.encode(), timeout_seconds=_TIMEOUT_SECONDS, allow_private=may_be_private(account), body_limit=64 * 1024,
        )  # fmt: skip
        found = json.loads(answer.body, parse_float=str)  # coins as they are spelled
    except (outbound.OutboundError, ValueError) as error:
        raise GatewayError(f"the gateway does not answer: {error}" if isinstance(error, outbound.OutboundError) else "no JSON") from None
    return found if isinstance(found, dict) else {}


def _spelled(amount_minor: int) -> str:
    """Spell an amount without trailing zeros: gateways sign the number as their JSON library prints it."""
    text = plain_minor(amount_minor, currency=_CURRENCY)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body, parse_float=str, parse_int=str)
    except ValueError:
        raise BadCallback("the body is no JSON") from None
    if not isinstance(found, dict) or not all(value is None or isinstance(value, str) for value in found.values()):
        raise BadCallback("the body is no flat JSON object")
    return {name: value or "" for name, value in found.items()}


def _check_paid(account: GatewayAccount, values: Mapping[str, str]) -> None:
    if not _AMOUNT.fullmatch(values.get("amount", "")) or Decimal(values["amount"]) <= 0:
        raise BadCallback("the amount is no amount")
    if not values.get("block_transaction_id"):
        raise BadCallback("the number of the transfer (block_transaction_id) is missing")
    attempt = PaymentAttempt.objects.filter(account=account, token=values["order_id"]).first()
    if attempt is not None and attempt.details.get("address") not in {None, values.get("token")}:
        raise BadCallback("the coins went to another address than the invoice's")


def _event(values: Mapping[str, str], kind: str) -> ProviderEvent:
    transaction = values.get("block_transaction_id", "")
    amount = f"{Decimal(values['amount']):.2f}" if kind == "paid" else "0"
    return ProviderEvent(
        attempt_token=values["order_id"], event_id=f"{kind}:{values.get('trade_id', '')}:{transaction}"[:120], kind=kind,
        transaction=transaction, amount_minor=parse_minor(amount, currency=_CURRENCY), currency=_CURRENCY, occurred_at=timezone.now(),
        raw={name: values.get(name, "") for name in ("trade_id", "order_id", "amount", "actual_amount", "token", "status")},
    )  # fmt: skip
