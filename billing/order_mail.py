"""Mails about an order: placed, delivered, money that needs a person, paid back. By the outbox, so that a crash loses none.

What waits in the outbox names the order and nothing secret; the link to its page is put in when the mail leaves.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import lazy

from accounts import tenants
from billing import capability, one_time, quota_units
from billing.models import Order
from billing.money import format_minor
from foundation import notify, outbox

TOPIC = "billing.order_mail"
Goods = Callable[[Order], str]
_goods: dict[str, Goods] = {}


def goods(function: Goods) -> Goods:
    """Make a function the one that says what an order delivered, for shops whose own text asks for it."""
    _goods["text"] = function
    return function


def write(order: Order, template: str, *, occasion: str = "", **more: str) -> None:
    """Write a mail to the buyer, once for each template and occasion; nothing where no address was left."""
    if order.email:
        payload = {"order": order.pk, "template": template, "more": more}
        outbox.put(topic=TOPIC, payload=payload, key=f"order:{order.pk}:{template}:{occasion}")


@outbox.handler(TOPIC)
def deliver(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """Put the mail together in the buyer's language and the shop's name, and hand it over."""
    order = Order.objects.select_related("tenant").get(pk=payload["order"])
    shop = tenants.spoken(order.tenant, order.language)
    language = order.language or shop.language
    with quota_units.speaking(tenant=order.tenant, language=language):
        units = quota_units.short(order.units_micros)
    context = {
        "shop": shop.name,
        "number": order.number,
        "product": order.product_name,
        "quantity": order.quantity,
        "pieces": f"{order.quantity} × {units}" if order.units_micros else str(order.quantity),
        "total": format_minor(order.total_minor, currency=order.currency),
        "link": capability.link_to(order),
        # Unsealed only where a shop's own words name it.
        "codes": lazy(_goods.get("text", _nothing), str)(order),
        **payload["more"],
    }
    if "nonce" in context:
        context["code"] = one_time.code(f"order:{order.pk}", context["nonce"])
    mail = {
        "to": order.email, "template": payload["template"], "context": context, "language": language,
        "name": shop.name, "reply_to": shop.reply_to, "account": shop.pk,
    }  # fmt: skip
    notify.deliver_email(message_id, mail)


def _nothing(_order: Order) -> str:
    return ""
