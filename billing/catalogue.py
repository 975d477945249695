"""What a shop sells. Raises `BadProduct` and `NoSuchProduct`."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Now
from django.utils.text import slugify

from accounts.models import Tenant
from billing.models import Product
from billing.money import MICROS, ceil_div


class BadProduct(ValueError):
    """The product cannot be sold as described."""


class NoSuchProduct(LookupError):
    """The tenant sells no such product."""


def add_product(
    *,
    tenant: Tenant,
    name: str,
    units_micros: int,
    price_minor: int,
    currency: str,
    slug: str = "",
    description: str = "",
    instructions: str = "",
) -> Product:
    """Put a product on sale; it sells once codes are minted for it. Raises BadProduct."""
    if not name.strip() or units_micros <= 0 or price_minor <= 0:
        raise BadProduct("a product needs a name, an amount of quota above $0 and a price above 0")
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise BadProduct(f"{currency!r} is not a currency: write three letters such as CNY")
    if slug and Product.objects.filter(tenant=tenant, slug=slug).exists():
        raise BadProduct(f"there is a product {slug} already")
    return Product.objects.create(
        tenant=tenant, name=name.strip(), slug=slug or _free_slug(tenant, name), units_micros=units_micros, price_minor=price_minor,
        currency=currency.upper(), description=description, instructions=instructions,
    )  # fmt: skip


def on_sale(*, tenant: Tenant) -> QuerySet[Product]:
    """Return the shop's products, each with `stock`: how many codes can be sold now."""
    in_time = Q(batches__redeem_by=None) | Q(batches__redeem_by__gt=Now())
    stock = Count("batches__codes", filter=in_time & Q(batches__codes__state="available"))
    return Product.objects.filter(tenant=tenant, is_active=True).annotate(stock=stock)


def find(*, tenant: Tenant, slug: str) -> Product:
    """Return one of the tenant's products, on sale or not; raise NoSuchProduct."""
    found = Product.objects.filter(tenant=tenant, slug=slug).first()
    if found is None:
        raise NoSuchProduct(f"{tenant.name} has no product {slug}")
    return found


def unit_price(product: Product) -> int:
    """Return what $1 of quota costs, in minor units of the currency, rounded up: for comparing denominations."""
    return ceil_div(product.price_minor * MICROS, product.units_micros)


def _free_slug(tenant: Tenant, name: str) -> str:
    stem = slugify(name)[:50] or "quota"
    taken = set(Product.objects.filter(tenant=tenant, slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
