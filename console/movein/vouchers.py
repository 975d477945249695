"""Move codes that nobody has redeemed: they stay good, under their own texts."""

from __future__ import annotations

from collections import defaultdict

from django.utils import timezone

from billing import code_imports, codes
from console.movein import records
from console.movein.people import CannotMove
from console.movein.records import Redemption
from console.movein.world import World

KIND = "codes"


def move(world: World) -> None:
    """Move unredeemed codes, a batch for each denomination, end and name. Raises CannotMove where the stock does not cover one."""
    now = timezone.now()
    piles: defaultdict[tuple[object, ...], list[Redemption]] = defaultdict(list)
    for row in world.source.rows("redemptions"):
        found = records.redemption(row, now=now)
        if found is None or found.units_micros <= 0 or not found.text:
            world.report.count(KIND, "left")
        else:
            piles[found.units_micros, found.expires_at, found.name].append(found)
    for pile in piles.values():
        for start in range(0, len(pile), codes.MOST_PER_BATCH):
            _move_pile(world, pile[start : start + codes.MOST_PER_BATCH])


def _move_pile(world: World, pile: list[Redemption]) -> None:
    if world.is_rehearsal:
        fresh = code_imports.unknown([one.text for one in pile])
        world.report.count(KIND, "moved", len(fresh))
        world.report.count(KIND, "known", len(pile) - len(fresh))
        return
    first = pile[0]
    try:
        done = code_imports.adopt(
            tenant=world.tenant,
            texts=[one.text for one in pile],
            units_micros=first.units_micros,
            redeem_by=first.expires_at,
            note=f"{world.label}: {first.name}",
        )
    except codes.CodeError as error:
        raise CannotMove(str(error)) from None
    world.report.count(KIND, "moved", len(pile) - done.known)
    world.report.count(KIND, "known", done.known)
