"""Set prices: every change ends the current rule of its pattern and begins a new one, now or at a time to come.

BadPrice             nothing to charge by, an alias of itself, a beginning in the past
├── BelowWholesale   a reseller would sell below what the level above asks
├── AboveCeiling     a reseller would ask for more than the platform lets it
└── NeedsConfirming  a price becomes ten times as dear or as cheap: say it again with `is_confirmed`
"""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, tenants
from accounts.models import Tenant, User
from billing import price_alerts, price_floors, price_lists, price_preview, price_terms
from billing.models import GroupRate, PriceBook, PriceCeiling, PriceRule
from billing.money import MICROS, parse_usd
from billing.price_floors import AboveCeiling, BelowWholesale
from billing.price_terms import FIELDS, BadPrice
from foundation import snapshots

__all__ = ["AboveCeiling", "BadPrice", "BelowWholesale", "Imported", "NeedsConfirming", "import_list", "rehearse", "set_group", "set_price"]

LIST_PRICES = Path(__file__).parent / "data" / "list_prices_2026-11.json"


class NeedsConfirming(BadPrice):
    """A price jumps so far that it may be a slip."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How the import of a list ended."""

    date: str
    source: str
    changed: int
    unchanged: int


def set_price(
    *,
    model: str,
    tenant: Tenant | None = None,
    priced_as: str = "",
    mode: str = "price",
    factor: int = MICROS,
    units: Mapping[str, int] | None = None,
    tiers: Sequence[Mapping[str, int]] | None = None,
    source: str = "",
    actor: User | None = None,
    begins: datetime.datetime | None = None,
    is_confirmed: bool = False,
    **prices: int | None,
) -> PriceRule:
    """Price the models of a pattern from now on, or from `begins` on; `tenant` None is the platform.

    `prices` are µ$ per million tokens by bucket, `per_call` in µ$ and `hold_ceiling` in tokens; `units` µ$ per million;
    `tiers` like those of PriceRule. In a shop's book a `mode` makes them relative to the wholesale price: `inherit` takes it as
    it is, `percent` takes `factor` millionths of it, `added` puts the prices on top. The same values again change nothing.
    What was planned for later than `begins` is given up. Raises BadPrice and its kinds.
    """
    values = price_terms.values_of({**prices, "mode": mode, "factor": factor, "priced_as": priced_as, "units": units, "tiers": tiers})
    seller = tenant or tenants.root()
    _check(seller, model, values, begins)
    if not is_confirmed and (jumps := price_preview.preview(seller=seller, model=model, values=values, at=begins).jumps):
        raise NeedsConfirming(f"a price of {model} jumps tenfold or more: {'; '.join(jumps)}")
    with transaction.atomic():
        rule, is_new = replace(seller, model, values, source=source, actor=actor, begins=begins)
        if is_new:
            price_alerts.tell(seller=seller, models=[model], begins=begins)
    return rule


def rehearse(
    *, model: str, tenant: Tenant | None = None, begins: datetime.datetime | None = None, **given: Any
) -> tuple[int | None, int | None]:
    """Return what a call of 1,000 tokens in and 1,000 out costs before and after, in µ$ (None: not sold); set nothing. Raises BadPrice."""
    values = price_terms.values_of(given)
    seller = tenant or tenants.root()
    _check(seller, model, values, begins)
    found = price_preview.preview(seller=seller, model=model, values=values, at=begins)
    return found.before, found.after


def _check(seller: Tenant, model: str, values: Mapping[str, Any], begins: datetime.datetime | None) -> None:
    """Raise BadPrice and its kinds for what this seller cannot ask for."""
    price_terms.check(model, values)
    if seller.parent_id is None and values["mode"] != "price":
        raise BadPrice(_("the platform has no wholesale price above it: give fixed prices"))
    if begins is not None and begins <= timezone.now():
        raise BadPrice(_("a price begins now or in the future: calls of the past are paid for"))
    if seller.parent_id is not None:
        ceiling = price_lists.ceiling(seller.pk, at=begins)
        price_floors.check(price_lists.load(seller.parent_id, at=begins), model, values, ceiling=ceiling)


@transaction.atomic
def set_group(*, group: str, factor: int, tenant: Tenant | None = None, actor: User | None = None) -> GroupRate:
    """Let a customer group pay `factor` millionths of its seller's prices from now on (never less than wholesale). Raises BadPrice."""
    if not group.strip() or len(group) > 40 or not 1 <= factor <= 100_000_000:
        raise BadPrice(_("a group needs a name of at most 40 characters and a factor above 0 and up to 100"))
    seller = tenant or tenants.root()
    book = _locked_book(seller)
    old = GroupRate.objects.filter(book=book, group=group, valid_to=None).first()
    if old is not None and old.factor == factor:
        return old
    now = timezone.now()
    GroupRate.objects.filter(book=book, group=group, valid_to=None).update(valid_to=now)
    rate = GroupRate.objects.create(book=book, group=group, factor=factor, valid_from=now)
    before = {"factor": old.factor} if old is not None else {}
    audit.record(actor=actor, action="price.group", target=group, before=before, after={"factor": factor}, tenant=seller)
    transaction.on_commit(functools.partial(snapshots.announce, "prices"), robust=True)
    return rate


@transaction.atomic
def set_ceiling(*, tenant: Tenant, factor: int | None, actor: User | None = None) -> PriceCeiling | None:
    """Let a shop ask for at most `factor` millionths of its wholesale prices from now on; None: for any price. Raises BadPrice.

    It counts at every call, whatever the shop's rules say: prices beyond it are lowered to it.
    """
    if tenant.parent_id is None or (factor is not None and not MICROS <= factor <= 100 * MICROS):
        raise BadPrice(_("A shop may add 0 to 9,900 per cent to its wholesale price; the platform has none above it."))
    book = _locked_book(tenant)
    old = PriceCeiling.objects.filter(book=book, valid_to=None).first()
    if (old.factor if old is not None else None) == factor:
        return old
    now = timezone.now()
    PriceCeiling.objects.filter(book=book, valid_to=None).update(valid_to=now)
    made = None if factor is None else PriceCeiling.objects.create(book=book, factor=factor, valid_from=now)
    before = {"factor": old.factor if old is not None else None}
    audit.record(actor=actor, action="price.ceiling", target=tenant, before=before, after={"factor": factor}, tenant=tenant)
    transaction.on_commit(functools.partial(snapshots.announce, "prices"), robust=True)
    return made


@transaction.atomic
def import_list(*, path: Path = LIST_PRICES, tenant: Tenant | None = None, actor: User | None = None) -> Imported:
    """Take over a dated list of prices (USD per million tokens as decimal texts); what is the same stays untouched."""
    body = json.loads(path.read_text(encoding="utf-8"))
    source = f"{body['source']} ({body['date']})"
    seller = tenant or tenants.root()
    changed = 0
    for model, texts in body["models"].items():
        values = price_terms.values_of({name: _read(name, text) for name, text in texts.items()})
        price_terms.check(model, values)
        changed += replace(seller, model, values, source=source[:200], actor=actor)[1]
    if changed:
        price_alerts.tell(seller=seller, models=list(body["models"]))
    return Imported(date=body["date"], source=body["source"], changed=changed, unchanged=len(body["models"]) - changed)


def _read(name: str, text: str | int) -> str | int:
    return text if name in {"hold_ceiling", "priced_as"} else parse_usd(str(text))


@transaction.atomic
def replace(
    seller: Tenant,
    model: str,
    values: Mapping[str, Any],
    *,
    source: str,
    actor: User | None,
    begins: datetime.datetime | None = None,
) -> tuple[PriceRule, bool]:
    """End the pattern's rule and begin one with these checked values; the second answer is whether anything changed."""
    book = _locked_book(seller)
    start = begins or timezone.now()
    lasting = PriceRule.objects.filter(Q(valid_to=None) | Q(valid_to__gt=start), book=book, pattern=model)
    old = lasting.filter(valid_from__lte=start).first()
    planned = lasting.filter(valid_from__gt=start)
    before = {} if old is None else {name: getattr(old, name) for name in FIELDS}
    if old is not None and before == dict(values) and not planned.exists():
        return old, False
    planned.update(valid_to=F("valid_from"))
    if old is not None:
        old.valid_to = start
        old.save(update_fields=["valid_to"])
    rule = PriceRule.objects.create(book=book, pattern=model, valid_from=start, source=source, **values)
    after = {name: value for name, value in values.items() if value != price_terms.OPEN[name]}
    if begins is not None:
        after["begins"] = begins.isoformat()
    audit.record(actor=actor, action="price.set", target=model, before=before, after=after, tenant=seller)
    transaction.on_commit(functools.partial(snapshots.announce, "prices"), robust=True)
    return rule, True


def _locked_book(seller: Tenant) -> PriceBook:
    """Return the seller's book; its row makes two changes of one pattern wait for each other."""
    PriceBook.objects.get_or_create(tenant=seller)
    return PriceBook.objects.select_for_update(no_key=True).get(tenant=seller)
