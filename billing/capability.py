"""The secret part of an order's address: whoever has it sees the order. Found by digest, shown again to its owner from the sealed text."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from accounts.models import Tenant
from billing import code_text
from billing.models import Order
from foundation import vault

_PURPOSE = "order"


def spell(length: int) -> str:
    """Return a random text of Crockford letters, 5 bits each: the secret part of an address, or the random one of a number."""
    return code_text.spell(secrets.randbits(5 * length), length=length)


def seal(text: str) -> dict[str, str]:
    """Return what an order keeps of its capability."""
    return {"capability_digest": vault.digest(text, purpose=_PURPOSE), "capability_sealed": vault.seal(text, context=_PURPOSE)}


def digests(text: str) -> tuple[str, ...]:
    """Return the digests under which an order with this capability may be stored."""
    return vault.digests(text, purpose=_PURPOSE)


def of(order: Order) -> str:
    """Return an order's capability, for its owner only."""
    return vault.unseal(order.capability_sealed, context=_PURPOSE)


def site_of(request: HttpRequest) -> str:
    """Return where a request came in, such as https://shop.example/prefix: what `Order.site` keeps."""
    return f"{request.scheme}://{request.get_host()}{get_script_prefix().rstrip('/')}"


def host_of(tenant: Tenant) -> str:
    """Return the host of a tenant's pages: the one its addresses are written with, else another of its own, else the platform's."""
    found = tenant.domains.filter(proven_at__isnull=False).order_by("-is_primary", "pk").first()
    return found.host if found is not None else str(settings.PLATFORM_HOSTS[0])


def home_of(tenant: Tenant) -> str:
    """Return where a tenant's pages are as far as is known without a request."""
    return f"{'https' if settings.HTTPS else 'http'}://{host_of(tenant)}"


def link_to(order: Order) -> str:
    """Return the absolute address of an order's page on the site where it was placed, or on its shop's where that is not known."""
    return at(order.site or home_of(order.tenant), "order", capability=of(order))


def at(site: str, name: str, **arguments: str) -> str:
    """Return the absolute address of a page on a site: where this runs there may be a prefix of its own, or none."""
    return f"{site}/{reverse(name, kwargs=arguments).removeprefix(get_script_prefix())}"
