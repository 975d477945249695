"""Move the log, where it is asked for: who came reads there what was before. No money moves by it, and no sum counts it."""

from __future__ import annotations

from django.utils import timezone

from accounts import past
from accounts.past import Entry
from console.movein import records
from console.movein.records import Line
from console.movein.world import World, chunks

KIND = "log"
# Rows are small, and written by one statement: more at once than of people.
AT_ONCE = 2_000


def move(world: World) -> None:
    """Move every line of somebody who has come. A line has its id from where it stood: a second run brings what is missing."""
    since = past.oldest_kept(timezone.now())
    for rows in chunks(world.log.rows("logs"), AT_ONCE):
        lines = [line for row in rows if (line := records.line(world.product, row)) is not None]
        kept = [line for line in lines if line.person_id in world.members and line.at >= since]
        new = len(kept) if world.is_rehearsal else past.add([_entry(world, line) for line in kept])
        world.report.count(KIND, "moved", new)
        world.report.count(KIND, "known", len(kept) - new)
        world.report.count(KIND, "left", len(rows) - len(kept))


def _entry(world: World, line: Line) -> Entry:
    return Entry(
        id=past.identify(source=world.label, number=line.id, at=line.at),
        tenant_id=world.tenant.pk,
        membership_id=world.members[line.person_id],
        kind=line.kind,
        model=line.model,
        key_name=line.key_name,
        amount_micros=line.amount_micros,
        input_tokens=line.input_tokens,
        output_tokens=line.output_tokens,
        total_ms=line.total_ms,
        text=line.text,
    )
