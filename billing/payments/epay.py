"""epay (易支付) version 1: the buyer is sent to the gateway's cashier, or pays by what its `mapi.php` answers; a signed notification says
what was paid.

Sources: https://www.kancloud.cn/payapis/payapis/1352038, https://www.kancloud.cn/qweqw/ddsa555161/1703244. Always CNY, in yuan.
Small operators of such gateways have been known to lose merchant keys: above the account's `confirm_above`, and for whatever comes when
its order is over, the gateway is asked again before its word is taken.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.core.cache import cache
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing import md5_signature
from billing.models import GatewayAccount, Order, PaymentAttempt
from billing.money import parse_minor, plain_minor
from billing.payments.base import (
    BadCallback,
    CannotRefund,
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

_MONEY = re.compile(r"\d{1,8}(\.\d{1,2})?", re.ASCII)
_TIMEOUT_SECONDS = 10.0
# A buyer waits for it; what was reached is not asked again at once.
_KNOCK_SECONDS = 4.0
_KNOWN_SECONDS = 30
# What proxies answer for a server that is away, Cloudflare's own numbers too.
_DOWN = frozenset({502, 504, 521, 522, 523})
_CURRENCY = "CNY"
_MEANS = {"alipay": "alipay", "wxpay": "wechat", "qqpay": "qq"}
# What a buyer's browser may be led to: pages and the apps that pay.
_OPENS = re.compile(r"(https?|weixin|wxp|alipays?|mqqapi):", re.ASCII)


class Epay(Driver):
    """Any gateway that speaks the interface of epay."""

    slug: ClassVar[str] = "epay"
    label = _("epay (易支付)")
    currencies: ClassVar[tuple[str, ...]] = (_CURRENCY,)
    fields: ClassVar[tuple[Field, ...]] = (
        Field(
            "base",
            _("Address of the gateway"),
            is_required=True,
            is_address=True,
            help=_("Such as https://pay.example.com; without submit.php."),
        ),
        Field("pid", _("Merchant number (pid)"), is_required=True),
        Field("key", _("Merchant key"), is_secret=True, is_required=True),
        Field("type", _("Way to pay"), help=_("alipay, wxpay or qqpay; empty: the buyer chooses at the gateway.")),
        Field("interface", _("How a payment begins"), help=_("page: at the gateway's cashier. api: by its mapi.php, with a QR code here.")),
        Field("confirm_above", _("Ask again from this amount on (CNY)"), help=_("Empty: from 100.00 on. 0: always.")),
        Field("refunds", _("Pays back by itself"), help=_("yes, if the gateway offers refunds by interface.")),
    )

    def means(self, account: GatewayAccount) -> tuple[str, ...]:
        """Name the one that is chosen here; where the buyer chooses at the gateway, it knows which there are."""
        chosen = _MEANS.get(str(account.options.get("type") or "").strip().lower())
        return (chosen,) if chosen else ()

    def form_origins(self, account: GatewayAccount) -> tuple[str, ...]:
        """Name the gateway's cashier."""
        return (origin(_base(account)),)

    def start(self, attempt: PaymentAttempt, *, links: Links) -> Redirect:
        """Return the cashier's address, signed, or have a payment made.

        The name is ours: a buyer's `&` would move the borders of the signed text.
        """
        account = attempt.account
        values = {
            "pid": str(account.options["pid"]),
            "type": str(account.options.get("type") or ""),
            "out_trade_no": attempt.token,
            "notify_url": links.notify,
            "return_url": links.back,
            "name": f"ORDER-{attempt.order.number}",
            "money": plain_minor(attempt.amount_minor, currency=_CURRENCY),
        }
        if str(account.options.get("interface", "")).strip().lower() != "api":
            _knock(attempt)
            return Redirect(f"{_base(account)}/submit.php?{urlencode(_signed(account, values))}")
        if not {"scan", "link"} & attempt.details.keys():
            values |= {"clientip": attempt.order.address or "127.0.0.1", "device": links.device}
            PaymentAttempt.objects.filter(pk=attempt.pk).update(details=_made(_call(account, "mapi.php", form=_signed(account, values))))
        return Redirect(links.order)

    def parse(self, account: GatewayAccount, message: Message) -> Sequence[ProviderEvent]:
        """Check the signature and every field that binds the message to one payment."""
        values = message.query if message.method == "GET" else message.form
        if message.method != "GET" and message.query:
            raise BadCallback("fields in the address and in the body at once")
        _check(account, message, values)
        if values.get("trade_status") != "TRADE_SUCCESS":
            return [_event(values, kind=f"trade:{values.get('trade_status', '')}"[:40])]
        event = _event(values, kind="paid")
        if event.amount_minor >= _confirm_from(account) or _is_late(account, event):
            _confirm(account, event)
        return [event]

    def query(self, attempt: PaymentAttempt) -> ProviderEvent | None:
        """Ask for an order by our number."""
        found = _ask(attempt.account, attempt.token)
        if str(found.get("status")) != "1":
            return None
        _check_answer(attempt.account, attempt.token, found)
        return _event({name: str(value) for name, value in found.items()}, kind="paid")

    def check(self, account: GatewayAccount) -> None:
        """Ask for the merchant's own data, which needs the right key."""
        answer = _call(account, "api.php", {"act": "query", "pid": str(account.options["pid"]), "key": secret(account, "key")})
        if str(answer.get("code")) != "1":
            raise GatewayError(f"the gateway does not know this merchant: {str(answer.get('msg', ''))[:120]}")

    def refund(self, attempt: PaymentAttempt, *, amount_minor: int, key: str) -> str:
        """Pay back where the gateway offers it; most installations do not."""
        account = attempt.account
        if str(account.options.get("refunds", "")).lower() not in {"yes", "1", "true"}:
            raise CannotRefund("this gateway pays nothing back by itself: do it there, then mark the refund as done")
        values = {
            "pid": str(account.options["pid"]), "key": secret(account, "key"), "out_trade_no": attempt.token,
            "trade_no": attempt.provider_transaction or "", "money": plain_minor(amount_minor, currency=_CURRENCY),
        }  # fmt: skip
        answer = _call(account, "api.php", {"act": "refund"}, form=values)
        if str(answer.get("code")) != "1":
            raise GatewayError(f"the gateway refused to pay back: {str(answer.get('msg', ''))[:120]}")
        return str(answer.get("refund_no") or answer.get("trade_no") or attempt.provider_transaction or key)

    def reply(self, *, is_taken: bool) -> Reply:
        """Answer the one word that gateways wait for, also to what they send again."""
        return Reply(200, "success") if is_taken else Reply(200, "fail")


def _base(account: GatewayAccount) -> str:
    return str(account.options["base"]).strip().rstrip("/").removesuffix("/submit.php")


def _signed(account: GatewayAccount, values: Mapping[str, str]) -> dict[str, str]:
    named = {name: value for name, value in values.items() if value}
    return {**named, "sign": md5_signature.sign(named, key=secret(account, "key")), "sign_type": "MD5"}


def _knock(attempt: PaymentAttempt) -> None:
    """Look whether the cashier answers before the buyer is sent to it: a dead one is a blank page. Raises GatewayError.

    Once for each payment: who tries it again is let through, because the buyer's way there may be open where ours is not.
    """
    account, name = attempt.account, f"epay-cashier:{attempt.account_id}"
    if attempt.details.get("unreached") or cache.get(name):
        return
    try:
        url = f"{_base(account)}/submit.php"
        status = outbound.request("HEAD", url, timeout_seconds=_KNOCK_SECONDS, allow_private=may_be_private(account)).status
    except outbound.OutboundError:
        status = 0
    if status and status not in _DOWN:
        cache.set(name, 1, timeout=_KNOWN_SECONDS)
        return
    PaymentAttempt.objects.filter(pk=attempt.pk).update(details={**attempt.details, "unreached": True})
    raise GatewayError(f"the cashier does not answer (status {status})" if status else "the cashier does not answer")


def _made(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return what the order's page shows of a payment that was made: a text to scan, or what opens it."""
    if str(answer.get("code")) != "1":
        raise GatewayError(f"the gateway made no payment: {str(answer.get('msg', ''))[:120]}")
    scan = str(answer.get("qrcode") or "")[:1000]
    # A phone cannot scan itself: Alipay's codes are addresses that open its app there.
    link = str(answer.get("payurl") or answer.get("urlscheme") or (scan if scan.startswith("https://") else ""))
    named = {"scan": scan, "link": link if _OPENS.match(link) else ""}
    found = {name: value for name, value in named.items() if value}
    if not found:
        raise GatewayError("the gateway made no payment: its answer names no way to pay")
    return found


def _is_late(account: GatewayAccount, event: ProviderEvent) -> bool:
    """Tell whether money comes for an order that waits for none, and is not known already."""
    attempt = PaymentAttempt.objects.filter(account=account, token=event.attempt_token).select_related("order").first()
    if attempt is None or attempt.provider_transaction == event.transaction:
        return False
    return attempt.order.state != Order.State.PENDING or attempt.order.reserved_until <= timezone.now()


def _check(account: GatewayAccount, message: Message, values: Mapping[str, str]) -> None:
    if values.get("pid") != str(account.options.get("pid")):
        raise BadCallback("the merchant number (pid) is another one's")
    if values.get("sign_type", "MD5") != "MD5":
        raise BadCallback("the signature is not of the kind MD5")
    if not md5_signature.is_signed(values, values.get("sign", ""), key=secret(account, "key")):
        raise BadCallback("the signature is wrong: compare the merchant key with the gateway's")
    if values.get("out_trade_no") != message.attempt:
        raise BadCallback("the signed order number is not the one of the address: a replay")
    if not values.get("trade_no"):
        raise BadCallback("the gateway's own number (trade_no) is missing")
    if not _MONEY.fullmatch(values.get("money", "")):
        raise BadCallback("the amount (money) is no amount")


def _event(values: Mapping[str, str], *, kind: str) -> ProviderEvent:
    return ProviderEvent(
        attempt_token=values["out_trade_no"], event_id=f"{kind}:{values['trade_no']}", kind=kind, transaction=values["trade_no"],
        amount_minor=parse_minor(values["money"], currency=_CURRENCY), currency=_CURRENCY, occurred_at=timezone.now(),
        raw={name: values.get(name, "") for name in ("trade_no", "out_trade_no", "type", "money", "trade_status")},
    )  # fmt: skip


def _confirm_from(account: GatewayAccount) -> int:
    text = str(account.options.get("confirm_above") or "100.00")
    return parse_minor(text, currency=_CURRENCY)


def _confirm(account: GatewayAccount, event: ProviderEvent) -> None:
    """Ask the gateway whether it stands by its message. No answer: it is not taken, and comes again."""
    found = _ask(account, event.attempt_token)
    if str(found.get("status")) != "1":
        raise BadCallback("asked again, the gateway says this is not paid")
    _check_answer(account, event.attempt_token, found)
    if parse_minor(str(found["money"]), currency=_CURRENCY) != event.amount_minor:
        raise BadCallback("asked again, the gateway names another amount")


def _check_answer(account: GatewayAccount, token: str, found: Mapping[str, Any]) -> None:
    names_us = (str(found.get("out_trade_no")), str(found.get("pid", account.options["pid"]))) == (token, str(account.options["pid"]))
    if not names_us or not found.get("trade_no") or not _MONEY.fullmatch(str(found.get("money"))):
        raise GatewayError("the gateway's answer is about another payment or incomplete")


def _ask(account: GatewayAccount, token: str) -> dict[str, Any]:
    answer = _call(
        account, "api.php", {"act": "order", "pid": str(account.options["pid"]), "key": secret(account, "key"), "out_trade_no": token}
    )
    return answer if str(answer.get("code")) == "1" else {}


def _call(
    account: GatewayAccount, script: str, query: Mapping[str, str] | None = None, *, form: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Call one of the gateway's scripts; the key travels in the address because the interface wants it so: nothing of it may be logged."""
    try:
        answer = outbound.request(
            "GET" if form is None else "POST", f"{_base(account)}/{script}" + (f"?{urlencode(query)}" if query else ""),
            headers=() if form is None else (("content-type", "application/x-www-form-urlencoded"),),
            content=b"" if form is None else urlencode(form).encode(),
            timeout_seconds=_TIMEOUT_SECONDS, allow_private=may_be_private(account), body_limit=64 * 1024,
        )  # fmt: skip
        found = json.loads(answer.body)
    except (outbound.OutboundError, ValueError) as error:
        raise GatewayError(f"the gateway does not answer: {error}" if isinstance(error, outbound.OutboundError) else "no JSON") from None
    if not isinstance(found, dict):
        raise GatewayError("the gateway's answer is not readable")
    return found
