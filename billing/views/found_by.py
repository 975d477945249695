"""How search engines and messengers find a shop: site map, robots' rules, and what a product page says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, to_locale
from django.views.decorators.http import require_safe

from accounts import tenants
from accounts.models import Tenant
from billing import catalogue, texts
from billing.models import Category, Product
from billing.money import plain_minor
from billing.views.door import ShopRequest, entering
from foundation import translations
from foundation.translations import PARAMETER

# What only its owner should see, or nobody needs to find.
_HIDDEN = ("o/", "lookup/", "redeem/", "pay/", "console/", "accounts/", "admin/", "reseller/", "api/", "key/")
_NAMESPACES = ("http://www.sitemaps.org/schemas/sitemap/0.9", "http://www.w3.org/1999/xhtml")
# A page's path in a language.
PathIn = Callable[[str], str]
_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


def absolute(request: ShopRequest, path: str) -> str:
    """Return the one address of a page: on the tenant's first domain, where it has one."""
    host, port = tenants.primary_host(request.tenant), request.get_host().rpartition(":")[2]
    if not host or host == request.get_host().partition(":")[0]:
        return request.build_absolute_uri(path)
    return f"{request.scheme}://{host}{f':{port}' if port.isdigit() else ''}{path}"


def landing_page(request: HttpRequest) -> dict[str, Any]:
    """Return what the first page of a host tells machines."""
    return _addresses(entering(request), _landing_path)


def shop_page(request: ShopRequest, shelf: Category | None) -> dict[str, Any]:
    """Return what the shop's page, or that of a category, tells machines."""
    summary = texts.as_plain(shelf.description, most=160) if shelf else ""
    return {"summary": summary, "title": shelf.name if shelf else "", **_addresses(request, partial(_shop_path, request.tenant, shelf))}


def product_page(request: ShopRequest, lead: Product, family: Sequence[Product]) -> dict[str, Any]:
    """Return what a product's page tells machines: addresses, summary, picture, and schema.org's Product as JSON-LD."""
    addresses = _addresses(request, partial(_product_path, request.tenant, lead))
    address: str = addresses["canonical"]
    picture = next(iter(lead.pictures.all()), None)
    image = absolute(request, reverse("picture", kwargs={"name": picture.name, "size": "large"})) if picture else ""
    summary = lead.meta_description or lead.summary or texts.as_plain(lead.description, most=160)
    said: dict[str, Any] = {
        "@context": "https://schema.org", "@type": "Product", "name": lead.name, "url": address, "sku": (lead.written or lead).slug,
        "offers": [_offer(address, one) for one in family],
    }  # fmt: skip
    said |= {"description": summary} if summary else {}
    said |= {"image": [image]} if image else {}
    return {**addresses, "title": lead.meta_title or lead.name, "summary": summary, "image": image, "json_ld": _script(said)}


@require_safe
def site_map(request: HttpRequest) -> HttpResponse:
    """List the shop's public pages for search engines: each by itself, and in each language where there are several."""
    visitor = entering(request)
    tenant = visitor.tenant
    products = (Product(slug=slug, translations=said) for slug, said in catalogue.window(tenant=tenant).values_list("slug", "translations"))
    shelves = Category.objects.filter(tenant=tenant, is_active=True, products__is_active=True).distinct()
    pages: list[PathIn] = [_landing_path, partial(_shop_path, tenant, None)]
    pages += [partial(_shop_path, tenant, shelf) for shelf in shelves]
    pages += [partial(_product_path, tenant, product) for product in products]
    rows = format_html_join("", "{}", ((_rows(visitor, page),) for page in pages))
    body = format_html('<urlset xmlns="{}" xmlns:xhtml="{}">{}</urlset>', *_NAMESPACES, rows)
    return HttpResponse(f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n', content_type="application/xml")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Tell robots what is nobody else's business, and where the site map is."""
    visitor = entering(request)
    top = reverse("landing")
    lines = ["User-agent: *", *(f"Disallow: {top}{path}" for path in _HIDDEN), f"Sitemap: {absolute(visitor, reverse('site_map'))}"]
    return HttpResponse("\n".join([*lines, ""]), content_type="text/plain; charset=utf-8")


def _addresses(request: ShopRequest, path_in: PathIn) -> dict[str, Any]:
    """Return a page's one address as it was asked for (in a language or in whichever suits), and those in all languages.

    The address without a language is `x-default`: it answers in the visitor's. Sources: Google's "Tell Google about localized
    versions of your page"; RFC 5646 for the tags.
    """
    offered = tenants.languages(request.tenant)
    locale = to_locale(get_language() or offered[0])
    plain, asked = absolute(request, path_in(offered[0])), request.GET.get(PARAMETER, "")
    if len(offered) == 1:
        return {"canonical": plain, "alternates": [], "locale": locale}
    within = {language: _more(absolute(request, path_in(language)), f"{PARAMETER}={language}") for language in offered}
    tags = [(to_locale(language).replace("_", "-"), address) for language, address in within.items()]
    return {"canonical": within.get(asked, plain), "alternates": [*tags, ("x-default", plain)], "locale": locale}


def _rows(request: ShopRequest, path_in: PathIn) -> SafeString:
    """Return the site map's rows of one page, each with all the others."""
    found = _addresses(request, path_in)
    links = format_html_join("", '<xhtml:link rel="alternate" hreflang="{}" href="{}"/>', found["alternates"])
    places = [address for _tag, address in reversed(found["alternates"])] or [found["canonical"]]
    return format_html_join("", "<url><loc>{}</loc>{}</url>", ((place, links) for place in places))


def _landing_path(_language: str) -> str:
    return reverse("landing")


def _shop_path(tenant: Tenant, shelf: Category | None, language: str) -> str:
    path = reverse("shop")
    return path if shelf is None else f"{path}?category={translations.of(shelf, 'slug', tenants.reading(tenant, language))}"


def _product_path(tenant: Tenant, product: Product, language: str) -> str:
    return reverse("product", kwargs={"slug": translations.of(product, "slug", tenants.reading(tenant, language))})


def _more(address: str, query: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _offer(address: str, product: Product) -> dict[str, Any]:
    stock = "InStock" if getattr(product, "stock", 0) else "OutOfStock"
    offer = {
        "@type": "Offer", "url": address if product.lead_id is None else _more(address, f"choice={product.slug}"),
        "price": plain_minor(product.price_minor, currency=product.currency), "priceCurrency": product.currency,
        "availability": f"https://schema.org/{stock}",
    }  # fmt: skip
    return offer | ({"name": product.choice} if product.choice else {})


def _script(said: dict[str, Any]) -> SafeString:
    """Return JSON that may stand in a script element: data, which no policy runs and no text can end."""
    return mark_safe(json.dumps(said, ensure_ascii=False).translate(_ESCAPES))  # noqa: S308  # escaped just now
