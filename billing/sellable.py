"""Why a product that is on sale cannot be sold now: its shop hides it, and staff are told. Reads only.

Nothing is kept: it is back as soon as the reason is gone, whoever made it go (a rate, an account, a price, a ceiling, cheaper stock).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import models
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenant
from billing import gateways, price_lists, rates, stock_costs
from billing.models import GatewayAccount, Product
from billing.tariffs import scaled
from foundation.remembered import Remembered

Paid = tuple[int, int] | None


class Reason(models.TextChoices):
    """What stands in the way."""

    CURRENCY = "currency", _("no payment account takes its currency, and no exchange rate leads to one that is taken")
    CEILING = "ceiling", _("it costs more than the platform allows")


def held_back(products: Iterable[Product]) -> dict[int, Reason]:
    """Return those of the products (with their `tenant`) that cannot be sold now, by their number, and why.

    A shop without any payment account shows what it will sell: that is not the product's fault.
    """
    found: dict[int, Reason] = {}
    of_shop: dict[int, list[Product]] = {}
    for one in products:
        of_shop.setdefault(one.tenant_id, []).append(one)
    for rows in of_shop.values():
        found |= _held_back(rows[0].tenant, rows)
    return found


def shown(families: Sequence[Sequence[Product]], *, tenant: Tenant) -> list[list[Product]]:
    """Return a shop's families, each with its lead first, without what cannot be sold now; empty where that is the lead."""
    rows = [one for family in families for one in family]
    held = _held_back(tenant, rows) if rows else {}
    return [[one for one in family if one.pk not in held] if family and family[0].pk not in held else [] for family in families]


def hidden(tenants: QuerySet[Tenant]) -> list[tuple[Product, Reason]]:
    """Return what these shops have on sale and hide, and why, shop by shop."""
    rows = list(Product.objects.filter(tenant__in=tenants, is_active=True).select_related("tenant").order_by("tenant__slug", "sort", "pk"))
    held = held_back(rows)
    return [(one, held[one.pk]) for one in rows if one.pk in held]


def most_minor(product: Product, paid: Paid) -> int | None:
    """Return the most a piece may cost, in minor units, where its shop paid so much for its stock; None where nothing limits it."""
    cost = stock_costs.cost(product.units_micros + product.bonus_micros, paid)
    ceiling = _ceiling(product.tenant_id)
    return scaled(cost, ceiling) if cost and ceiling else None


def takes(account: GatewayAccount, currency: str) -> bool:
    """Tell whether an account takes a currency, as it is or by a known rate."""
    taken = gateways.driver_of(account.driver).currencies
    if not taken or currency in taken:
        return True
    try:
        rates.get(base=currency, quote=taken[0])
    except rates.NoRate:
        return False
    return True


def _held_back(tenant: Tenant, rows: list[Product]) -> dict[int, Reason]:
    return dict.fromkeys(_dear(tenant.pk, rows), Reason.CEILING) | dict.fromkeys(_unpayable(tenant, rows), Reason.CURRENCY)


def _unpayable(tenant: Tenant, rows: list[Product]) -> list[int]:
    accounts = gateways.usable(tenant=tenant)
    closed = {one for one in {row.currency for row in rows} if accounts and not any(takes(account, one) for account in accounts)}
    return [row.pk for row in rows if row.currency in closed]


def _dear(tenant_id: int, rows: list[Product]) -> list[int]:
    if not _ceiling(tenant_id):
        return []
    paid = stock_costs.paid({tenant_id}, until=timezone.now())
    limits = [(row, most_minor(row, paid.get((tenant_id, row.currency)))) for row in rows]
    return [row.pk for row, most in limits if most is not None and row.price_minor > most]


def _ceiling(tenant_id: int) -> int | None:
    """Return the most the shop may ask for now, in millionths of what its quota cost."""
    now = timezone.now()
    return next((factor for begins, ends, factor in _ceilings.get(tenant_id) if begins <= now and (ends is None or now < ends)), None)


def _ceilings_of(tenant_id: int) -> list[tuple[datetime.datetime, datetime.datetime | None, int]]:
    rows: Any = price_lists.ceilings(tenant_id).values_list("valid_from", "valid_to", "factor")
    return list(rows)


_ceilings = Remembered("prices", load=_ceilings_of)
