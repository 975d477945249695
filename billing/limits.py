"""The spending limits of sub-keys: how much one may spend in all and per window, and what is used of it."""

from __future__ import annotations

import datetime
import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from billing.models import KeyBudget
from foundation import snapshots

SCOPES = ("key", "5h", "day", "week", "month")
_HAS_LIMIT = (
    Q(total_limit__isnull=False)
    | Q(five_hours_limit__isnull=False)
    | Q(day_limit__isnull=False)
    | Q(week_limit__isnull=False)
    | Q(month_limit__isnull=False)
)


@dataclass(frozen=True, slots=True)
class Window:
    """One limit of a key as it stands now: µ$ spent and allowed; `scope` is key (in all), 5h, day, week or month."""

    scope: str
    spent_micros: int
    limit_micros: int
    resets_at: datetime.datetime | None

    @property
    def left_micros(self) -> int:
        """Return what may still be spent; a lowered limit may be overspent already."""
        return max(0, self.limit_micros - self.spent_micros)


@dataclass(frozen=True, slots=True)
class State:
    """All limits of a key; without any, nothing but the wallet bounds it."""

    windows: tuple[Window, ...] = ()

    @property
    def left_micros(self) -> int | None:
        """Return what the tightest limit leaves, None without limits."""
        return min((one.left_micros for one in self.windows), default=None)

    def of(self, scope: str) -> Window | None:
        """Return the limit of one scope, if there is one."""
        return next((one for one in self.windows if one.scope == scope), None)


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit that a call has to fit in; `models` is a pattern of the models it is for, empty = all."""

    id: int
    models: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """Limits that one counter is held to: `name` is the counter's; `scope` says whose it is: key, customer or tenant."""

    name: str
    rpm: int | None = None
    tpm: int | None = None
    concurrency: int | None = None
    scope: str = "key"
    models: str = ""


def fits(models: str, model: str) -> bool:
    """Tell whether a limit with this pattern is for a model."""
    return not models or fnmatch.fnmatchcase(model, models)


def budgets_of(api_key_id: int) -> tuple[Budget, ...]:
    """Return a key's own budgets; none without a limit."""
    rows = KeyBudget.objects.filter(_HAS_LIMIT, api_key_id=api_key_id)
    return tuple(Budget(*row) for row in rows.order_by("id").values_list("id", "models_matched"))


@transaction.atomic
def set_allowance(
    *,
    api_key_id: int,
    total_micros: int | None = None,
    five_hours_micros: int | None = None,
    day_micros: int | None = None,
    week_micros: int | None = None,
    month_micros: int | None = None,
) -> KeyBudget:
    """Set what a key may spend (µ$; None = no limit). Workers give back what they had leased of it within two seconds."""
    limits = {
        "total_limit": total_micros,
        "five_hours_limit": five_hours_micros,
        "day_limit": day_micros,
        "week_limit": week_micros,
        "month_limit": month_micros,
    }
    if any(limit is not None and limit < 0 for limit in limits.values()):
        raise ValueError("a limit is 0 or more")
    budget, _made = KeyBudget.objects.get_or_create(api_key_id=api_key_id, models_matched="")
    KeyBudget.objects.filter(pk=budget.pk).update(**limits, recall_at=Now())
    transaction.on_commit(lambda: snapshots.announce("keys"), robust=True)
    budget.refresh_from_db()
    return budget


def open_allowances(allowances: Mapping[int, tuple[int, int]]) -> None:
    """Give new sub-keys the allowance they had elsewhere: (µ$ used, µ$ allowed in all) by key."""
    KeyBudget.objects.bulk_create(
        KeyBudget(api_key_id=key, total_used=used, total_limit=allowed) for key, (used, allowed) in allowances.items()
    )


def windows(*, api_key_id: int) -> list[Window]:
    """Return a key's limits with what is posted of them; a window that has passed counts as unused."""
    return list(state(api_key_id).windows)


def state(api_key_id: int) -> State:
    """Return a key's limits as they stand now."""
    return states([api_key_id]).get(api_key_id, State())


def states(api_key_ids: Iterable[int]) -> dict[int, State]:
    """Return the limits of those keys that have any, by one query."""
    found: dict[int, list[Window]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.api_key_id, w.scope, w.spent, w.cap, w.resets FROM billing_keybudget b, keyosk_windows(b) w"
            " WHERE b.api_key_id = ANY(%s) AND b.models_matched = '' AND w.cap IS NOT NULL",
            [list(api_key_ids)],
        )
        for key_id, *row in cursor.fetchall():
            found.setdefault(key_id, []).append(Window(*row))
    return {key_id: State(tuple(sorted(rows, key=lambda one: SCOPES.index(one.scope)))) for key_id, rows in found.items()}
