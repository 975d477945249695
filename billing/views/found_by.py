"""How search engines and messengers find a shop: site map, robots' rules, and what a product page says of itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from accounts import tenants
from billing import catalogue, texts
from billing.models import Product
from billing.money import plain_minor
from billing.views.door import ShopRequest, entering

# What only its owner should see, or nobody needs to find.
_HIDDEN = ("o/", "lookup/", "redeem/", "pay/", "console/", "accounts/", "admin/", "reseller/", "api/", "key/")
_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def absolute(request: ShopRequest, path: str) -> str:
    """Return the one address of a page: on the tenant's first domain, where it has one."""
    host, port = tenants.primary_host(request.tenant), request.get_host().rpartition(":")[2]
    if not host or host == request.get_host().partition(":")[0]:
        return request.build_absolute_uri(path)
    return f"{request.scheme}://{host}{f':{port}' if port.isdigit() else ''}{path}"


def product_page(request: ShopRequest, lead: Product, family: Sequence[Product]) -> dict[str, Any]:
    """Return what a product's page tells machines: address, summary, picture, and schema.org's Product as JSON-LD."""
    address = absolute(request, reverse("product", kwargs={"slug": lead.slug}))
    picture = next(iter(lead.pictures.all()), None)
    image = absolute(request, reverse("picture", kwargs={"name": picture.name, "size": "large"})) if picture else ""
    summary = texts.as_plain(lead.description, most=160) if lead.description else ""
    said: dict[str, Any] = {
        "@context": "https://schema.org", "@type": "Product", "name": lead.name, "url": address, "sku": lead.slug,
        "offers": [_offer(address, one) for one in family],
    }  # fmt: skip
    said |= {"description": summary} if summary else {}
    said |= {"image": [image]} if image else {}
    return {"canonical": address, "summary": summary, "image": image, "json_ld": _script(said)}


@require_safe
def site_map(request: HttpRequest) -> HttpResponse:
    """List the shop's public pages for search engines."""
    visitor = entering(request)
    products = catalogue.window(tenant=visitor.tenant).values_list("slug", flat=True)
    paths = [reverse("landing"), reverse("shop"), *(reverse("product", kwargs={"slug": slug}) for slug in products)]
    rows = format_html_join("", "<url><loc>{}</loc></url>", ((absolute(visitor, path),) for path in paths))
    body = format_html('<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>', rows)
    return HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell robots what is nobody else's business, and where the site map is."""
    visitor = entering(request)
    top = reverse("landing")
    lines = ["User-agent: *", *(f"Disallow: {top}{path}" for path in _HIDDEN), f"Sitemap: {absolute(visitor, reverse('site_map'))}"]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


def _offer(address: str, product: Product) -> dict[str, Any]:
    stock = "InStock" if getattr(product, "stock", 0) else "OutOfStock"
    offer = {
        "@type": "Offer", "url": address if product.lead_id is None else f"{address}?choice={product.slug}",
        "price": plain_minor(product.price_minor, currency=product.currency), "priceCurrency": product.currency,
        "availability": f"https://schema.org/{stock}",
    }  # fmt: skip
    return offer | ({"name": product.choice} if product.choice else {})


def _script(said: dict[str, Any]) -> SafeString:
    """Return JSON that may stand in a script element: data, which no policy runs and no text can end."""
    return mark_safe(json.dumps(said, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308  # escaped just now
