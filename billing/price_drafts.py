"""A foreign price list as a draft: what it would change, model by model, before anything counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts import tenants
from accounts.models import Tenant, User
from billing import price_alerts, price_book, price_floors, price_lists, price_preview, price_terms
from billing.models import PriceRule
from billing.money import format_usd
from billing.price_formats import Foreign
from billing.price_preview import Preview
from billing.price_terms import FIELDS, BadPrice
from billing.pricing import BUCKETS


@dataclass(frozen=True, slots=True)
class Change:
    """One model of a draft. `state` is new, changed, same or refused (`reason` says why); `differences` name what changes."""

    model: str
    state: str
    differences: tuple[str, ...] = ()
    preview: Preview | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an import would do to one seller's prices."""

    seller: Tenant
    changes: tuple[Change, ...]
    values: Mapping[str, Mapping[str, Any]]
    groups: Mapping[str, int]

    @property
    def jumps(self) -> tuple[str, ...]:
        """Return the models a price of which becomes ten times as dear or as cheap."""
        return tuple(change.model for change in self.changes if change.preview is not None and change.preview.jumps)


def draft(*, foreign: Foreign, tenant: Tenant | None = None) -> Draft:
    """Compare a foreign list with the prices that count now; nothing is changed."""
    seller = tenant or tenants.root()
    now = price_lists.load(seller.pk)
    above = price_lists.load(seller.parent_id) if seller.parent_id is not None else None
    ceiling = price_lists.ceiling(seller.pk)
    own = {row.pattern: row for row in price_lists.current().filter(book__tenant=seller)}
    changes: list[Change] = []
    kept: dict[str, Mapping[str, Any]] = {}
    for model, given in sorted(foreign.models.items()):
        try:
            values = price_terms.values_of(given)
            price_terms.check(model, values)
            if above is not None:
                price_floors.check(above, model, values, ceiling=ceiling)
        except BadPrice as error:
            changes.append(Change(model, "refused", reason=str(error)))
            continue
        differences = tuple(_differences(own.get(model), values))
        state = "new" if model not in own else "changed" if differences else "same"
        changes.append(Change(model, state, differences, price_preview.compare(now, model, values)))
        if state != "same":
            kept[model] = values
    return Draft(seller=seller, changes=tuple(changes), values=kept, groups=foreign.groups)


@transaction.atomic
def apply(*, draft: Draft, source: str, actor: User | None = None, is_confirmed: bool = False, with_groups: bool = False) -> int:
    """Let a draft count from now on and return how many rules are new. Raises NeedsConfirming where a price jumps."""
    if draft.jumps and not is_confirmed:
        raise price_book.NeedsConfirming(f"prices jump tenfold or more: {', '.join(draft.jumps[:10])}")
    changed = sum(price_book.replace(draft.seller, model, values, source=source, actor=actor)[1] for model, values in draft.values.items())
    price_alerts.tell(seller=draft.seller, models=list(draft.values))
    if with_groups:
        for group, factor in draft.groups.items():
            price_book.set_group(group=group, factor=factor, tenant=draft.seller, actor=actor)
    return changed


def _differences(old: PriceRule | None, values: Mapping[str, Any]) -> Iterator[str]:
    for name in FIELDS:
        before = getattr(old, name) if old is not None else price_terms.OPEN[name]
        if before != values[name]:
            yield f"{name.replace('_', ' ')}: {_shown(name, before)} → {_shown(name, values[name])}"


def _shown(name: str, value: Any) -> str:
    if value in (None, "", {}, []):
        return "–"
    return format_usd(value) if name in {*BUCKETS, "per_call"} else str(value)
