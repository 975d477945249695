"""Tell who asked for it that something sold out is there again: one mail to a confirmed address, which is forgotten with it."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils import timezone

from accounts import tenants
from accounts.models import Tenant
from billing import capability, catalogue, sellable
from billing.models import Product, RestockWish
from foundation import notify, outbox

TOPIC = "billing.restock"
# So long an address waits to be confirmed, and a confirmed one for the product.
KEEP_ASKED, KEEP_CONFIRMED = datetime.timedelta(days=2), datetime.timedelta(days=90)
_SIGNER = signing.Signer(salt="billing.restock")


@transaction.atomic
def ask(*, product: Product, email: str, language: str, site: str, is_known: bool) -> None:
    """Note an address; unless it is known to be the asker's own (`is_known`), a mail asks its owner to confirm."""
    address = email.strip().lower()
    fresh = {"language": language, "site": site[:200]}
    wish, _is_new = RestockWish.objects.get_or_create(product=product, email=address, defaults=fresh)
    if wish.confirmed_at is not None:
        return
    if is_known:
        confirm(wish)
        return
    outbox.put(topic=TOPIC, payload={"wish": wish.pk, "template": "restock_confirm"})


def confirm(wish: RestockWish) -> None:
    """Count an address as its owner's wish."""
    RestockWish.objects.filter(pk=wish.pk, confirmed_at=None).update(confirmed_at=timezone.now())


def stop(wish: RestockWish) -> None:
    """Forget an address."""
    RestockWish.objects.filter(pk=wish.pk).delete()


def find(*, tenant: Tenant, token: str) -> RestockWish | None:
    """Return the wish that a mailed address speaks of; None when it is forgotten, or the address is not ours."""
    try:
        pk = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return RestockWish.objects.select_related("product").filter(pk=pk, product__tenant=tenant).first()


def token_of(wish: RestockWish) -> str:
    """Return what stands for a wish in an address."""
    return _SIGNER.sign(str(wish.pk))


def look() -> int:
    """Have everybody told whose product can be bought again; return how many mails were written."""
    waiting = RestockWish.objects.filter(told_at=None).exclude(confirmed_at=None)
    wanted = Product.objects.filter(pk__in=waiting.values("product"), is_active=True, tenant__state=Tenant.State.OPEN)
    found: Any = catalogue.stocked(wanted.select_related("tenant"))
    held = sellable.held_back(found)
    there = [product.pk for product in found if product.stock >= product.least_pieces and product.pk not in held]
    return sum(_tell(pk) for pk in list(waiting.filter(product__in=there).order_by("pk").values_list("pk", flat=True)[:1000]))


def forget() -> int:
    """Forget addresses that nobody confirmed, and those whose product did not come back; return how many."""
    now = timezone.now()
    asked = RestockWish.objects.filter(confirmed_at=None, created_at__lt=now - KEEP_ASKED)
    return asked.delete()[0] + RestockWish.objects.filter(created_at__lt=now - KEEP_CONFIRMED).delete()[0]


@transaction.atomic
def _tell(pk: int) -> bool:
    if not RestockWish.objects.filter(pk=pk, told_at=None).update(told_at=timezone.now()):
        return False
    outbox.put(topic=TOPIC, payload={"wish": pk, "template": "restock"}, key=f"restock:{pk}")
    return True


@outbox.handler(TOPIC)
def deliver(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """Send a mail to an address that still wants it; the one that says it is there is the last."""
    wish = RestockWish.objects.select_related("product__tenant", "product__lead").filter(pk=payload["wish"]).first()
    if wish is None:
        return
    shop = tenants.spoken(wish.product.tenant, wish.language)
    product = catalogue.spoken(wish.product, tenant=shop, language=wish.language)
    site, page = wish.site or capability.home_of(shop), (product.lead or product).slug
    stop_at = capability.at(site, "restock", token=token_of(wish))
    link = stop_at if payload["template"] == "restock_confirm" else capability.at(site, "product", slug=page)
    context = {"shop": shop.name, "product": catalogue.name_of(product), "link": link, "stop": stop_at}
    mail = {
        "to": wish.email, "template": payload["template"], "context": context, "language": wish.language or shop.language,
        "name": shop.name, "reply_to": shop.reply_to, "account": shop.pk,
    }  # fmt: skip
    notify.deliver_email(message_id, mail)
    if payload["template"] == "restock":
        stop(wish)
