"""Show how the price of a call came about: each bucket × its price, the sum, the one rounding, and who got which part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts import tenants
from billing import price_lists
from billing.money import MICROS, ceil_div
from billing.price_rules import BUCKETS
from billing.pricing import ModelPrice


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the sum: `count` × `price` (µ$ per million; None: nobody has priced it) = `product` (millionths of a µ$)."""

    name: str
    count: int
    price: int | None
    product: int


@dataclass(frozen=True, slots=True)
class Share:
    """What one seller of the chain earned: its own price of the call, less the price of the level above."""

    tenant_id: int
    account_id: int
    numerator: int
    total_micros: int
    part_micros: int


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """The whole sum by the rules of that time. `above` is the context tier that counted.

    `agrees` tells whether it comes to what was charged; `is_free` that nothing was, because nothing was delivered.
    """

    items: tuple[Item, ...]
    per_call_micros: int
    numerator: int
    price_micros: int
    above: int | None
    shares: tuple[Share, ...]
    is_free: bool
    agrees: bool


def explain(*, tenant_id: int, book: str, usage: Mapping[str, int], price_micros: int, numerator: int) -> Arithmetic | None:
    """Work a call's price out again from the rules its row names; None when they are not known (a quarantined line)."""
    chain = tenants.chain(tenant_id)
    sold = price_lists.of_book(chain, book)
    if sold is None:
        return None
    charge = sold.charge_for(usage)
    is_free = price_micros == 0 and numerator == 0 and charge.price_micros > 0
    step = sold.step(usage) if sold.thresholds else 0
    return Arithmetic(
        items=_items(sold, usage, step),
        per_call_micros=sold.per_call,
        numerator=charge.numerator,
        price_micros=charge.price_micros,
        above=sold.thresholds[step - 1] if step else None,
        shares=_shares(sold, usage, chain, step),
        is_free=is_free,
        agrees=is_free or (charge.price_micros, charge.numerator) == (price_micros, numerator),
    )


def _items(sold: ModelPrice, usage: Mapping[str, int], step: int) -> tuple[Item, ...]:
    prices = sold.tariffs[-1].steps[step]
    found: list[Item] = []
    for name in (*(name for name in BUCKETS if usage.get(name)), *(name for name in usage if name not in prices)):
        units = () if name in prices else sold.unit_prices(name)
        price = prices[name] if name in prices else units[-1] if units else None
        found.append(Item(name, usage[name], price, usage[name] * (price or 0)))
    return tuple(found)


def _shares(sold: ModelPrice, usage: Mapping[str, int], chain: tuple[int, ...], step: int) -> tuple[Share, ...]:
    units = {name: sold.unit_prices(name) or () for name in usage if name not in BUCKETS}
    found: list[Share] = []
    above = 0
    for place, (tenant_id, tariff) in enumerate(zip(chain, sold.tariffs, strict=True)):
        numerator = tariff.numerator(usage, step, 1) + sum(usage[name] * prices[place] for name, prices in units.items() if prices)
        total = ceil_div(numerator, MICROS)
        found.append(Share(tenant_id, tariff.account_id, numerator, total, total - above))
        above = total
    return tuple(found)
