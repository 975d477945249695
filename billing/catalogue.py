"""What a shop sells. Raises `BadProduct` and `NoSuchProduct`."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import tenants
from accounts.models import Tenant
from billing import price_lists, questions, sellable, stock_costs
from billing.models import QUOTA, Card, Category, Code, LedgerAccount, Product, ProductPicture
from billing.money import MICROS, ceil_div, format_minor
from foundation import translations
from foundation.remembered import Remembered

# What is delivered by hand and not counted.
ANY_NUMBER = 1_000_000
# A code is sold only while it can be redeemed for so long.
LEAST_LIFE = datetime.timedelta(hours=1)
_ELSEWHERE = (Product.Kind.TOPUP, Product.Kind.STOCK)


class BadProduct(ValueError):
    """The product cannot be sold as described."""


class NoSuchProduct(LookupError):
    """The tenant sells no such product."""


@transaction.atomic
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
    tag: str = "",
    tag_text: str = "",
) -> Product:
    """Put a product on sale; it sells once codes are minted or cards imported for it. Raises BadProduct."""
    if not name.strip() or price_minor <= 0:
        raise BadProduct("a product needs a name and a price above 0")
    if (units_micros > 0) != (kind in Product.QUOTA_KINDS):
        raise BadProduct("a code or a key needs an amount of quota above $0; cards and what is delivered by hand have none")
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        raise BadProduct(f"{currency!r} is not a currency: write three letters such as CNY")
    lock_addresses(tenant)
    if slug and Product.objects.filter(translations.with_slug(slug), tenant=tenant).exists():
        raise BadProduct(f"there is a product {slug} already")
    if len(tag_text) > Product.translatable["tag_text"]:
        raise BadProduct(f"the words on a tag have at most {Product.translatable['tag_text']} characters")
    return Product.objects.create(
        tenant=tenant, name=name.strip(), slug=slug or _free_slug(tenant, name), units_micros=units_micros, price_minor=price_minor,
        currency=currency.upper(), description=description, instructions=instructions, kind=kind, tag=tag, tag_text=tag_text,
    )  # fmt: skip


def on_sale(*, tenant: Tenant) -> QuerySet[Product]:
    """Return what the shop's pages sell, each with `stock`: how many can be sold now. Top-ups and stock have pages of their own."""
    shown = [one.pk for family in sellable.shown(_windows.get(tenant.pk), tenant=tenant) for one in family]
    return stocked(_on_sale(tenant.pk).filter(pk__in=shown))


def window(*, tenant: Tenant) -> QuerySet[Product]:
    """Return what has a page of its own: products on sale that are no variants, each with `stock`."""
    return on_sale(tenant=tenant).filter(lead=None)


def family(*, tenant: Tenant, slug: str, language: str = "") -> list[Product]:
    """Return the product of an address and its variants, the lead first, each with `stock`, as a reader of the language sees them.

    A variant's address names its family, and so does that of any language. Empty where nothing of it is on sale.
    """
    return _ready([_families.get((tenant.pk, slug))], tenant=tenant, language=language)[0]


def families(*, tenant: Tenant) -> list[list[Product]]:
    """Return all of the shop's window in its own order: each product as `family` returns it, in this thread's language."""
    return [family for family in _ready(_windows.get(tenant.pk), tenant=tenant, language="") if family]


def spoken(product: Product, *, tenant: Tenant, language: str = "") -> Product:
    """Return a tenant's product, with its lead, as a reader of the language (this thread's when not said) sees it; never to be saved."""
    languages = tenants.reading(tenant, language)
    said = _spoken(product, languages)
    said.tenant = tenant
    if said.lead is not None:
        said.lead = _spoken(said.lead, languages)
    return said


def lock_addresses(tenant: Tenant) -> None:
    """Have everybody else who would give a product or a category of the shop an address wait until this transaction ends.

    No constraint can compare addresses of several languages, so that two rows saved at one moment must be saved one after the other.
    """
    Tenant.objects.select_for_update(no_key=True).only("pk").get(pk=tenant.pk)


def check_texts(row: Product | Category) -> None:
    """Raise BadProduct where another row of the shop has one of the addresses, or questions in a language ask something else.

    In a transaction that saves the row: until it ends nobody else takes an address of the shop.
    """
    lock_addresses(row.tenant)
    others = type(row)._base_manager.filter(tenant=row.tenant_id).exclude(pk=row.pk)
    for slug in sorted(filter(None, translations.slugs(row))):
        if others.filter(translations.with_slug(slug)).exists():
            raise BadProduct(_("The short name %(slug)s is taken.") % {"slug": slug})
    if not isinstance(row, Product):
        return
    for language, texts in row.translations.items():
        _check_asked(row, texts.get("asked", ""), language=dict(settings.LANGUAGES)[language])


def pictures(product: Product) -> list[ProductPicture]:
    """Return a product's pictures as a reader of this thread's language is told what they show; never to be saved."""
    languages = tenants.reading(product.tenant)
    return [translations.spoken(one, languages) for one in product.pictures.all()]


def check_price(product: Product) -> None:
    """Raise BadProduct where a piece costs more than the platform lets the shop add to what its quota cost, as far as that is known."""
    paid = stock_costs.paid({product.tenant_id}, until=timezone.now()).get((product.tenant_id, product.currency))
    most = sellable.most_minor(product, paid)
    if most is not None and product.price_minor > most:
        ceiling = price_lists.ceiling(product.tenant_id) or 0
        told = {"most": format_minor(most, currency=product.currency), "times": f"{ceiling / MICROS:g}"}
        raise BadProduct(_("The platform allows %(most)s at most: %(times)s times what the quota cost you.") % told)


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


def kinds(tenant: Tenant) -> frozenset[str]:
    """Return how what the shop's pages sell is delivered, sold out or not."""
    return frozenset(one.kind for family in sellable.shown(_windows.get(tenant.pk), tenant=tenant) for one in family)


def stocked(rows: QuerySet[Product]) -> QuerySet[Product]:
    """Return products with `stock`: how many pieces of each can be sold now; `ANY_NUMBER` where nobody counts."""
    minted = _count(free_codes().filter(batch__product=OuterRef("pk")), by="batch__product")
    imported = _count(_free_cards().filter(product=OuterRef("pk")), by="product")
    by_hand = Coalesce(F("stock_left"), Value(ANY_NUMBER))
    cases = [When(kind=Product.Kind.CARD, then=imported), When(kind=Product.Kind.MANUAL, then=by_hand)]
    cases.append(When(kind__in=_ELSEWHERE, tenant__parent=None, then=Value(ANY_NUMBER)))
    cases.append(When(kind__in=_ELSEWHERE, then=_direct()))
    return rows.annotate(stock=Case(*cases, default=minted, output_field=IntegerField()))


def free_codes() -> QuerySet[Code]:
    """Return the codes that can be sold now: not those whose last moment could come before the buyer's."""
    lasting = Q(batch__redeem_by=None) | Q(batch__redeem_by__gt=Now() + LEAST_LIFE)
    return Code.objects.filter(lasting, state=Code.State.AVAILABLE)


def find(*, tenant: Tenant, slug: str) -> Product:
    """Return one of the tenant's products by its address in any language, on sale or not; raise NoSuchProduct."""
    found = Product.objects.filter(translations.with_slug(slug), tenant=tenant).first()
    if found is None:
        raise NoSuchProduct(f"{tenant.name} has no product {slug}")
    return found


def unit_price(product: Product) -> int | None:
    """Return what $1 of quota costs, in minor units of the currency, rounded up: for comparing denominations. None without quota."""
    if not product.units_micros:
        return None
    return ceil_div(product.price_minor * MICROS, product.units_micros)


def _on_sale(tenant_id: int) -> QuerySet[Product]:
    rows = Product.objects.filter(Q(lead=None) | Q(lead__is_active=True), tenant=tenant_id, is_active=True)
    return rows.exclude(kind__in=_ELSEWHERE)


def _check_asked(product: Product, text: str, *, language: str) -> None:
    try:
        is_same = not text or questions.ask_the_same(questions.read(text), product.questions)
    except questions.BadQuestions as error:
        raise BadProduct(f"{language}: {error}") from None
    if not is_same:
        raise BadProduct(_("%(language)s: ask the same things in the same order, with as many choices.") % {"language": language})


def _spoken(product: Product, languages: Sequence[str]) -> Product:
    said = translations.spoken(product, languages)
    said.questions = questions.spoken(product.questions, translations.of(product, "asked", languages))
    return said


def _family(address: tuple[int, str]) -> list[Product]:
    tenant_id, slug = address
    rows = _on_sale(tenant_id).select_related("lead").prefetch_related("pictures")
    found = list(rows.filter(translations.with_slug(slug)))
    if not found:
        return []
    named = next((one for one in found if one.slug == slug), found[0])
    lead = named.lead_id or named.pk
    return sorted(rows.filter(Q(pk=lead) | Q(lead=lead)), key=lambda one: one.lead_id is not None)


def _window_of(tenant_id: int) -> list[list[Product]]:
    rows = list(_on_sale(tenant_id).select_related("lead").prefetch_related("pictures"))
    found = {one.pk: [one] for one in rows if one.lead_id is None}
    for one in rows:
        if one.lead_id in found:
            found[one.lead_id].append(one)
    return list(found.values())


def _ready(known: Sequence[Sequence[Product]], *, tenant: Tenant, language: str) -> list[list[Product]]:
    """Return copies of what is remembered, as a reader sees them, each with `stock`."""
    found = [[spoken(one, tenant=tenant, language=language) for one in family] for family in sellable.shown(known, tenant=tenant)]
    left = _stock_of([one for family in found for one in family])
    for one in (one for family in found for one in family):
        one.stock = left.get(one.pk, 0)  # type: ignore[attr-defined]  # as `stocked` annotates it
    return found


_families = Remembered("shop", load=_family)
_windows = Remembered("shop", load=_window_of)


def _stock_of(products: Sequence[Product]) -> dict[int, int]:
    """Count what `stocked` counts, for a few products that have a page: only the kinds that are there are asked for."""
    of_kind: dict[str, list[int]] = {}
    for one in products:
        of_kind.setdefault(one.kind, []).append(one.pk)
    left: dict[int, int] = {}
    if minted := [pk for kind in Product.MINTED_KINDS for pk in of_kind.get(kind, [])]:
        left |= _counts(free_codes().filter(batch__product__in=minted), by="batch__product")
    if imported := of_kind.get(Product.Kind.CARD):
        left |= _counts(_free_cards().filter(product__in=imported), by="product")
    if by_hand := of_kind.get(Product.Kind.MANUAL):
        left |= {pk: ANY_NUMBER if n is None else n for pk, n in Product.objects.filter(pk__in=by_hand).values_list("pk", "stock_left")}
    return left


def _free_cards() -> QuerySet[Card]:
    return Card.objects.filter(state=Card.State.AVAILABLE)


def _counts(rows: QuerySet[Any], *, by: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(by).annotate(count=Count("pk")))


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
    rows = Product.objects.filter(tenant=tenant).only("slug", "translations")
    taken = {slug for row in rows for slug in translations.slugs(row)}
    return next(slug for slug in (stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))) if slug not in taken)
