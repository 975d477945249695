"""The secret part of an order's address: whoever has it sees the order. Found by digest, shown again to its owner from the sealed text."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse

from billing.models import Order
from foundation import vault

_PURPOSE = "order"


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


def link_to(order: Order) -> str:
    """Return the absolute address of an order's page on the site where it was placed; empty where that is not known."""
    return at(order.site, "order", capability=of(order)) if order.site else ""


def at(site: str, name: str, **arguments: str) -> str:
    """Return the absolute address of a page on a site: where this runs there may be a prefix of its own, or none."""
    return f"{site}/{reverse(name, kwargs=arguments).removeprefix(get_script_prefix())}"
