"""What a shop sells. Raises `BadProduct` and `NoSuchProduct`."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts.models import Tenant
from billing.models import QUOTA, Card, Code, LedgerAccount, Product
from billing.money import MICROS, ceil_div

# What is delivered by hand and not counted.
ANY_NUMBER = 1_000_000
_ELSEWHERE = (Product.Kind.TOPUP, Product.Kind.STOCK)


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
    kind: str = Product.Kind.CODE,
) -> Product:
    """Put a product on sale; it sells once codes are minted or cards imported for it. Raises BadProduct."""
    if not name.strip() or price_minor <= 0:
        raise BadProduct("a product needs a name and a price above 0")
    if (units_micros > 0) != (kind in Product.QUOTA_KINDS):
        raise BadProduct("a code or a key needs an amount of quota above $0; cards and what is delivered by hand have none")
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise BadProduct(f"{currency!r} is not a currency: write three letters such as CNY")
    if slug and Product.objects.filter(tenant=tenant, slug=slug).exists():
        raise BadProduct(f"there is a product {slug} already")
    return Product.objects.create(
        tenant=tenant, name=name.strip(), slug=slug or _free_slug(tenant, name), units_micros=units_micros, price_minor=price_minor,
        currency=currency.upper(), description=description, instructions=instructions, kind=kind,
    )  # fmt: skip


def on_sale(*, tenant: Tenant) -> QuerySet[Product]:
    """Return what the shop's pages sell, each with `stock`: how many can be sold now. Top-ups and stock have pages of their own."""
    rows = Product.objects.filter(Q(lead=None) | Q(lead__is_active=True), tenant=tenant, is_active=True)
    return stocked(rows.exclude(kind__in=_ELSEWHERE))


def window(*, tenant: Tenant) -> QuerySet[Product]:
    """Return what has a page of its own: products on sale that are no variants, each with `stock`."""
    return on_sale(tenant=tenant).filter(lead=None)


def family(lead: Product) -> list[Product]:
    """Return a product and its variants that are on sale, each with `stock`, in the shop's order."""
    rows = on_sale(tenant=lead.tenant).filter(Q(pk=lead.pk) | Q(lead=lead))
    return list(rows.select_related("lead", "tenant"))


def check_lead(*, product: Product, lead: Product) -> None:
    """Raise BadProduct where a product cannot be a variant of another."""
    if lead.tenant_id != product.tenant_id or lead.pk == product.pk:
        raise BadProduct(_("A product is a variant of another one of the same shop."))
    if lead.currency != product.currency:
        raise BadProduct(_("A variant is sold in the currency of its product."))
    if lead.lead_id is not None:
        raise BadProduct(_("%(lead)s is a variant itself: choose the product it belongs to.") % {"lead": lead.name})
    if product.pk and product.variants.exists():
        raise BadProduct(_("This product has variants: it cannot be one."))


def name_of(product: Product) -> str:
    """Return how an order names a product: a variant after its lead, with the name of the choice."""
    name = product.name if product.lead is None else product.lead.name
    return f"{name} · {product.choice}"[:120] if product.choice else product.name


def instructions_of(product: Product) -> str:
    """Return what is shown after payment: a variant's own words, else its lead's."""
    return product.instructions or (product.lead.instructions if product.lead else "")


def stocked(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Return products with `stock`: how many pieces of each can be sold now; `ANY_NUMBER` where nobody counts."""
    in_time = Q(batch__redeem_by=None) | Q(batch__redeem_by__gt=Now())
    minted = _count(Code.objects.filter(in_time, batch__product=OuterRef("pk"), state=Code.State.AVAILABLE), by="batch__product")
    imported = _count(Card.objects.filter(product=OuterRef("pk"), state=Card.State.AVAILABLE), by="product")
    by_hand = Coalesce(F("stock_left"), Value(ANY_NUMBER))
    cases = [When(kind=Product.Kind.CARD, then=imported), When(kind=Product.Kind.MANUAL, then=by_hand)]
    cases.append(When(kind__in=_ELSEWHERE, tenant__parent=None, then=Value(ANY_NUMBER)))
    cases.append(When(kind__in=_ELSEWHERE, then=_direct()))
    return rows.annotate(stock=Case(*cases, default=minted, output_field=IntegerField()))


def find(*, tenant: Tenant, slug: str) -> Product:
    """Return one of the tenant's products, on sale or not; raise NoSuchProduct."""
    found = Product.objects.filter(tenant=tenant, slug=slug).first()
    if found is None:
        raise NoSuchProduct(f"{tenant.name} has no product {slug}")
    return found


def unit_price(product: Product) -> int | None:
    """Return what $1 of quota costs, in minor units of the currency, rounded up: for comparing denominations. None without quota."""
    if not product.units_micros:
        return None
    return ceil_div(product.price_minor * MICROS, product.units_micros)


def _direct() -> Coalesce:
    """Count how often the seller's stock covers a piece with its bonus."""
    stock = LedgerAccount.objects.filter(kind="stock", ledger=QUOTA, tenant=OuterRef("tenant")).values("balance", "held")
    covered = (F("balance") - F("held")) / (OuterRef("units_micros") + OuterRef("bonus_micros"))
    return Coalesce(Subquery(stock.annotate(n=covered).values("n"), output_field=IntegerField()), Value(0))


def _count(rows: QuerySet[Any], *, by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(count=Count("pk")).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def _free_slug(tenant: Tenant, name: str) -> str:
    stem = slugify(name)[:50] or "quota"
    taken = set(Product.objects.filter(tenant=tenant, slug__startswith=stem).values_list("slug", flat=True))
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
