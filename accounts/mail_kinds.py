"""The mails a tenant may word itself: what each is called, which names it knows, and which of them it is of no use without."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


@dataclass(frozen=True, slots=True)
class Name:
    """What stands in a text's place of that name, and an example."""

    meaning: Text
    sample: str


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: `names` it knows; a text without at least one of `needs` is refused. `by_platform`: only the platform sends it."""

    label: Text
    names: tuple[str, ...]
    needs: tuple[str, ...] = ()
    by_platform: bool = False


_LINK = "https://shop.example/o/…"
NAMES: Mapping[str, Name] = MappingProxyType({
    "shop": Name(_("the shop's name"), "Shop"),
    "number": Name(_("the order's number"), "261127-RT2MKTAV"),
    "product": Name(_("the product's name"), "API $5"),
    "quantity": Name(_("how many were ordered"), "2"),
    "pieces": Name(_("how many, with the quota of each"), "2 × $5.00"),
    "total": Name(_("what the order costs"), "¥78.00"),
    "link": Name(_("the address where it goes on"), _LINK),
    "codes": Name(_("what was bought, a line each; who reads the mail can use it"), "PPP6A-ZNF8G-N94V8-6BT5P"),
    "received": Name(_("the amount that came"), "¥77.00"),
    "amount": Name(_("the amount it is about"), "¥39.00"),
    "reason": Name(_("the reason that was given"), "…"),
    "code": Name(_("the one-time code"), "123456"),
    "balance": Name(_("what is left in the wallet"), "$0.80"),
    "below": Name(_("the threshold that was passed"), "$1.00"),
    "name": Name(_("the sub-key's name; empty where the limit is the customer's"), "laptop"),
    "used": Name(_("how much was used"), "$9.10"),
    "limit": Name(_("the limit"), "$10.00"),
    "window": Name(_("a sentence: for how long the limit counts"), "…"),
    "resets": Name(_("when the limit begins anew; empty where it does not"), "2026-12-01 00:00"),
    "until": Name(_("until when"), "2026-12-01 00:00"),
    "role": Name(_("as what somebody is invited"), "customer"),
    "stop": Name(_("the address that ends these mails"), "https://shop.example/notify/…/stop/"),
    "waiting": Name(_("how many codes of the order wait to be redeemed"), "2"),
    "store": Name(_("the name of the shop that was applied for"), "Tea House"),
    "contact": Name(_("how the shop is reached; empty where it does not say"), "help@shop.example"),
    "reference": Name(_("the number of the bank's transfer"), "TT-4711"),
})  # fmt: skip

_ORDER = ("shop", "number", "product", "quantity", "pieces", "total", "link")
MAILS: Mapping[str, Mail] = MappingProxyType({
    "order_placed": Mail(_("order placed"), _ORDER, ("link",)),
    "order_delivered": Mail(_("order paid and delivered"), (*_ORDER, "codes"), ("link", "codes")),
    "order_reissued": Mail(_("codes of an order replaced"), (*_ORDER, "codes"), ("link", "codes")),
    "order_waiting": Mail(_("order paid, delivered by hand"), _ORDER),
    "order_late": Mail(_("money came late"), (*_ORDER, "received")),
    "order_over": Mail(_("more money came than asked for"), (*_ORDER, "received")),
    "order_under": Mail(_("less money came than asked for"), (*_ORDER, "received")),
    "order_twice": Mail(_("money came twice"), (*_ORDER, "received")),
    "order_review": Mail(_("money came otherwise than asked for"), (*_ORDER, "received")),
    "order_refunded": Mail(_("money paid back"), (*_ORDER, "amount")),
    "refund_declined": Mail(_("refund refused"), (*_ORDER, "reason")),
    "codes_expiring": Mail(_("codes end soon"), (*_ORDER, "waiting", "until"), ("link",)),
    "order_code": Mail(_("code that opens an order"), (*_ORDER, "code"), ("code",)),
    "invoice_issued": Mail(_("invoice issued"), _ORDER, ("link",)),
    "invoice_declined": Mail(_("invoice refused"), (*_ORDER, "reason")),
    "restock_confirm": Mail(_("confirm to be told of stock"), ("shop", "product", "link", "stop"), ("link",)),
    "restock": Mail(_("product is there again"), ("shop", "product", "link", "stop")),
    "wallet_low": Mail(_("balance is low"), ("shop", "balance", "below")),
    "credit_expiring": Mail(_("credit expires soon"), ("shop", "amount", "until")),
    "limit_near": Mail(_("limit nearly used up"), ("shop", "name", "used", "limit", "window", "resets")),
    "limit_reached": Mail(_("limit used up"), ("shop", "name", "used", "limit", "window", "resets")),
    "referral_reward": Mail(_("reward for bringing somebody"), ("shop", "amount")),
    "referral_welcome": Mail(_("reward for joining by a link"), ("shop", "amount")),
    "approved": Mail(_("account approved"), ("shop",)),
    "application_waiting": Mail(_("application for a shop received"), ("shop", "store", "link")),
    "application_approved": Mail(_("application for a shop approved"), ("shop", "store", "link"), ("link",)),
    "application_declined": Mail(_("application for a shop refused"), ("shop", "store", "reason")),
    "tenant_suspended": Mail(_("shop suspended"), ("shop", "contact")),
    "tenant_closed": Mail(_("shop closed"), ("shop", "contact")),
    "tenant_open": Mail(_("shop open again"), ("shop", "contact")),
    "withdrawal_approved": Mail(_("withdrawal approved"), ("shop", "amount"), by_platform=True),
    "withdrawal_declined": Mail(_("withdrawal declined"), ("shop", "amount", "reason"), by_platform=True),
    "withdrawal_paid": Mail(_("withdrawal paid"), ("shop", "amount", "reference"), by_platform=True),
    "invitation": Mail(_("invitation"), ("shop", "role", "link", "until"), ("link",)),
})  # fmt: skip
