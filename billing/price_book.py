"""Set prices: every change ends the current rule of its pattern and begins a new one.

Raises `BadPrice` (nothing to charge by, or an alias of itself) and its kind `BelowWholesale`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit, tenants
from accounts.models import Tenant, User
from billing import price_lists
from billing.models import PriceBook, PriceRule
from billing.money import format_usd, parse_usd
from billing.pricing import BUCKETS, PriceList, matches
from foundation import snapshots

LIST_PRICES = Path(__file__).parent / "data" / "list_prices_2026-11.json"

_FIELDS = (*BUCKETS, "per_call", "hold_ceiling", "priced_as")


class BadPrice(ValueError):
    """The price cannot be set; the message says why."""


class BelowWholesale(BadPrice):
    """A reseller would sell below what the level above asks."""


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
    input: int | None = None,
    output: int | None = None,
    cache_read: int | None = None,
    cache_write_5m: int | None = None,
    cache_write_1h: int | None = None,
    audio_input: int | None = None,
    image_input: int | None = None,
    reasoning: int | None = None,
    audio_output: int | None = None,
    image_output: int | None = None,
    per_call: int | None = None,
    hold_ceiling: int | None = None,
    priced_as: str = "",
    source: str = "",
    actor: User | None = None,
) -> PriceRule:
    """Price the models of a pattern from now on: µ$ per million tokens, `per_call` µ$; `tenant` None is the platform.

    The same values again change nothing. Raises BadPrice and BelowWholesale.
    """
    values: dict[str, Any] = {
        "input": input, "output": output, "cache_read": cache_read, "cache_write_5m": cache_write_5m,
        "cache_write_1h": cache_write_1h, "audio_input": audio_input, "image_input": image_input, "reasoning": reasoning,
        "audio_output": audio_output, "image_output": image_output, "per_call": per_call, "hold_ceiling": hold_ceiling,
        "priced_as": priced_as,
    }  # fmt: skip
    seller = tenant or tenants.root()
    _check(model, values)
    if seller.parent_id is not None:
        _check_wholesale(price_lists.load(seller.parent_id), model, values)
    return _replace(seller, model, values, source=source, actor=actor)[0]


@transaction.atomic
def import_list(*, path: Path = LIST_PRICES, tenant: Tenant | None = None, actor: User | None = None) -> Imported:
    """Take over a dated list of prices (USD per million tokens as decimal texts); what is the same stays untouched."""
    body = json.loads(path.read_text(encoding="utf-8"))
    source = f"{body['source']} ({body['date']})"
    seller = tenant or tenants.root()
    changed = 0
    for model, texts in body["models"].items():
        values = dict.fromkeys(_FIELDS) | {"priced_as": ""} | {name: _read(name, text) for name, text in texts.items()}
        _check(model, values)
        changed += _replace(seller, model, values, source=source[:200], actor=actor)[1]
    return Imported(date=body["date"], source=body["source"], changed=changed, unchanged=len(body["models"]) - changed)


def _read(name: str, text: str | int) -> str | int:
    if name not in _FIELDS:
        raise BadPrice(f"{name} is not a price bucket")
    return text if name in {"hold_ceiling", "priced_as"} else parse_usd(str(text))


def _check(model: str, values: Mapping[str, Any]) -> None:
    if not model.strip() or len(model) > 120:
        raise BadPrice("a price needs a model name or pattern of at most 120 characters")
    prices = [values[name] for name in (*BUCKETS, "per_call") if values[name] is not None]
    if any(price < 0 for price in prices):
        raise BadPrice("a price is 0 or more")
    alias = values["priced_as"]
    if alias and (prices or alias == model):
        raise BadPrice("a model priced as another one has no prices of its own and is not that model itself")
    if not alias and all(values[name] is None for name in ("input", "output", "per_call")):
        raise BadPrice("give at least an input price, an output price or a price per call")


def _check_wholesale(above: PriceList, model: str, values: Mapping[str, Any]) -> None:
    """Compare with the wholesale price of the name itself and of every model above that the pattern covers."""
    names = {model} | {rule.pattern for level in above.levels for rule in level.rules if matches(model, rule.pattern)}
    for name in sorted(names):
        wholesale = above.resolve(name)
        if wholesale is None:
            continue
        floors = {**wholesale.prices, "per_call": wholesale.per_call}
        for bucket, floor in floors.items():
            own = values[bucket]
            if own is not None and own < floor:
                unit = "per call" if bucket == "per_call" else "per 1M tokens"
                raise BelowWholesale(
                    f"{bucket.replace('_', ' ')} of {name}: {format_usd(own)} {unit} is below the wholesale price {format_usd(floor)}"
                )


@transaction.atomic
def _replace(seller: Tenant, model: str, values: Mapping[str, Any], *, source: str, actor: User | None) -> tuple[PriceRule, bool]:
    PriceBook.objects.get_or_create(tenant=seller)
    # The book's row makes two changes of one pattern wait for each other.
    book = PriceBook.objects.select_for_update(no_key=True).get(tenant=seller)
    old = PriceRule.objects.filter(book=book, pattern=model, valid_to=None).first()
    before = {} if old is None else {name: getattr(old, name) for name in _FIELDS}
    if old is not None and before == dict(values):
        return old, False
    now = timezone.now()
    if old is not None:
        old.valid_to = max(now, old.valid_from)
        old.save(update_fields=["valid_to"])
    rule = PriceRule.objects.create(book=book, pattern=model, valid_from=now, source=source, **values)
    after = {name: value for name, value in values.items() if value not in (None, "")}
    audit.record(actor=actor, action="price.set", target=model, before=before, after=after, tenant=seller)
    transaction.on_commit(functools.partial(snapshots.announce, "prices"), robust=True)
    return rule, True
