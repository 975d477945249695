"""What the console's tables show: keys with their spending, calls with their tokens and price."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import ApiKey, Membership
from billing import limits
from console.pages.charts import Spark
from gateway import selectors
from gateway.models import UsageRecord

KEYS_A_PAGE = 50
SPENT_WINDOW = datetime.timedelta(days=30)
# What many a call reserves: with less than a cent a key may be refused however small its limits are.
_LITTLE_MICROS = 10_000
_TONE_OF_STATUS = {"ok": "success", "partial": "warning", "disconnected": "warning", "failed": "error"}


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as the list shows it; amounts in µ$."""

    key: ApiKey
    spent_micros: int
    used_micros: int
    allowance_micros: int | None
    windows: tuple[tuple[limits.Window, str], ...]
    all_windows: tuple[limits.Window, ...]
    state_label: str
    tone: str
    spark: Spark | None = None

    @property
    def used_up(self) -> tuple[limits.Window, ...]:
        """Return the limits that refuse the key's calls now."""
        return tuple(one for one in self.all_windows if one.spent_micros >= one.limit_micros)

    @property
    def nearly_used_up(self) -> tuple[limits.Window, ...]:
        """Return the limits of which little is left: a call that might cost more is refused already."""
        return tuple(one for one in self.all_windows if 0 < one.left_micros <= max(one.limit_micros // 10, _LITTLE_MICROS))


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call as its customer may see it: no channel, no upstream."""

    id: UUID
    at: datetime.datetime
    model: str
    key_name: str
    input_tokens: int
    output_tokens: int
    price_micros: int
    status_label: str
    error: str
    tone: str


def key_rows(
    member: Membership, *, text: str = "", state: str = "", before: int | None = None, limit: int = KEYS_A_PAGE
) -> tuple[list[KeyRow], int | None]:
    """Read a page of a member's keys, newest first, and the cursor of the next; `text` is part of a name, a prefix or a tag."""
    keys = ApiKey.objects.filter(membership=member)
    if text:
        keys = keys.filter(Q(name__icontains=text) | Q(prefix__startswith=text[:12]) | Q(tags__contains=[text]))
    keys = _in_state(keys, state)
    if before is not None:
        keys = keys.filter(pk__lt=before)
    found = list(keys.order_by("-pk")[: limit + 1])
    return _key_rows(found[:limit]), found[limit - 1].pk if len(found) > limit else None


def key_row(key: ApiKey) -> KeyRow:
    """Return one key with what it has spent."""
    return _key_rows([key])[0]


def _in_state(keys: QuerySet[ApiKey], state: str) -> QuerySet[ApiKey]:
    if state == "expired":
        return keys.filter(state=ApiKey.State.ACTIVE, expires_at__lte=timezone.now())
    return keys.filter(state=state) if state in ApiKey.State.values else keys


def _key_rows(found: Sequence[ApiKey]) -> list[KeyRow]:
    spent = _spent([key.pk for key in found])
    states = limits.states(key.pk for key in found)
    return [_key_row(key, spent.get(key.pk, 0), states.get(key.pk, limits.State())) for key in found]


def active_keys(member: Membership) -> int:
    """Count the keys that may be used now."""
    keys = ApiKey.objects.filter(membership=member, state=ApiKey.State.ACTIVE)
    return keys.exclude(expires_at__lte=timezone.now()).count()


def calls(
    member: Membership, *, before: UUID | None = None, limit: int = 25, wanted: selectors.Wanted | None = None
) -> tuple[list[CallRow], UUID | None]:
    """Read a page of a member's calls, newest first, and the cursor of the next page."""
    chosen = selectors.calls(membership_id=member.pk, before=before, limit=limit + 1, wanted=wanted)
    names = dict(ApiKey.objects.filter(pk__in={record.api_key_id for record in chosen}).values_list("pk", "name"))
    rows = [_call_row(record, names) for record in chosen[:limit]]
    return rows, rows[-1].id if len(chosen) > limit else None


def call(record: UsageRecord) -> CallRow:
    """Return one call as its customer may see it."""
    return _call_row(record, dict(ApiKey.objects.filter(pk=record.api_key_id).values_list("pk", "name")))


def _spent(key_ids: Sequence[int]) -> dict[int, int]:
    since = timezone.now() - SPENT_WINDOW
    sums = selectors.live(by="api_key_id", who=Q(api_key_id__in=key_ids), since=since)
    return {int(key_id): one.price_micros for key_id, one in sums.items()}


def _key_row(key: ApiKey, spent_micros: int, state: limits.State) -> KeyRow:
    whole = state.of("key")
    label, tone = _state(key)
    return KeyRow(
        key=key,
        spent_micros=spent_micros,
        used_micros=whole.spent_micros if whole else 0,
        allowance_micros=whole.limit_micros if whole else None,
        all_windows=state.windows,
        windows=tuple((one, span) for scope, span in _spans().items() if (one := state.of(scope)) is not None),
        state_label=label,
        tone=tone,
    )


def _spans() -> dict[str, str]:
    return {"5h": _("in 5 hours"), "day": _("today"), "week": _("this week"), "month": _("this month")}


def _state(key: ApiKey) -> tuple[str, str]:
    if key.state == ApiKey.State.ACTIVE and key.expires_at is not None and key.expires_at <= timezone.now():
        return _("expired"), "warning"
    tone = "success" if key.state == ApiKey.State.ACTIVE else "neutral"
    return str(ApiKey.State(key.state).label), tone


def _call_row(record: UsageRecord, names: dict[int, str]) -> CallRow:
    return CallRow(
        id=record.id,
        at=record.created_at,
        model=record.model,
        key_name=names.get(record.api_key_id, "–"),
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        price_micros=record.price_micros,
        status_label=str(UsageRecord.Status(record.status).label),
        error=record.error_text,
        tone=_TONE_OF_STATUS.get(record.status, "neutral"),
    )
