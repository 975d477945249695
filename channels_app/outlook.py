"""How models are served to a group of customers: which answer now, and how the checks of their channels went. No channel is named."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from channels_app import history, selectors
from channels_app.history import Slot
from channels_app.models import ChannelCheck

State = Literal["ok", "disturbed", "out"]
SLOTS = 24
EACH = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One model: `out` when no channel serves it now, `disturbed` when the last check of each one failed.

    `first_ms` is how soon the quickest channel began to answer its last check; `slots` are the last hours, the oldest first.
    """

    model: str
    state: State
    first_ms: int | None
    slots: tuple[str, ...]


def of_group(*, tenant_chain: tuple[int, ...], group: str, now: datetime.datetime) -> list[Outlook]:
    """Return the models that are served to a group of a tenant's customers, and those put aside by checks, sorted by name."""
    table = selectors.load_table()
    serving = {
        name: [facts.id for facts in table.candidates(tenant_chain=tenant_chain, group=group, model=name)]
        for name in table.models(tenant_chain=tenant_chain, group=group)
    }
    resting = selectors.resting(table, tenant_chain=tenant_chain, group=group)
    ids = {channel for found in (*serving.values(), *resting.values()) for channel in found}
    checks = {row.channel_id: row for row in ChannelCheck.objects.filter(channel__in=ids)}
    timelines = history.timelines(ids, until=now, slots=SLOTS, each=EACH)
    return [_outlook(name, serving.get(name, ()), resting.get(name, ()), checks, timelines) for name in sorted({*serving, *resting})]


def _outlook(
    model: str, on: Sequence[int], off: Sequence[int], checks: Mapping[int, ChannelCheck], timelines: Mapping[int, list[Slot]]
) -> Outlook:
    last = [checks[channel] for channel in on if channel in checks]
    answering = [check.first_ms for check in last if check.state == ChannelCheck.State.OK and check.first_ms is not None]
    columns = zip(*(timelines[channel] for channel in (*on, *off)), strict=True)
    return Outlook(model, _state(on, last), min(answering, default=None), tuple(map(_best, columns)))


def _state(on: Sequence[int], last: Sequence[ChannelCheck]) -> State:
    """One channel that answers, or that nobody has asked, is enough: a call goes on to the next one by itself."""
    if not on:
        return "out"
    failed = [check for check in last if check.state == ChannelCheck.State.FAILED]
    return "disturbed" if len(failed) == len(on) else "ok"


def _best(slots: Iterable[Slot]) -> str:
    found = {slot.state for slot in slots}
    return next((state for state in ("ok", "mixed", "failed") if state in found), "unknown")
