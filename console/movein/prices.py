"""Move ratios into the price book: those of models and of groups, as a draft is taken over."""

from __future__ import annotations

import json

from billing import price_drafts, price_formats
from console.movein import hub_prices
from console.movein.world import World

KIND = "prices"


def move(world: World) -> None:
    """Take the ratios over where they differ from what counts now; a price below the seller's own cost is left and told."""
    try:
        foreign = price_formats.ratios(json.dumps(_options(world)))
    except price_formats.NotReadable as error:
        world.report.say(KIND, "-", f"no prices moved: {error}; set them with import_prices or set_price")
        return
    found = price_drafts.draft(foreign=foreign, tenant=world.tenant)
    states = [change.state for change in found.changes]
    world.report.count(KIND, "moved", states.count("new") + states.count("changed"))
    world.report.count(KIND, "known", states.count("same"))
    world.report.count(KIND, "left", states.count("refused"))
    world.report.count("groups", "moved", len(found.groups))
    for change in found.changes:
        if change.state == "refused":
            world.report.say(KIND, change.model, change.reason)
    for note in foreign.notes:
        world.report.say(KIND, "-", note)
    if not world.is_rehearsal:
        # Nothing is a jump here: the operator moves the whole list.
        price_drafts.apply(draft=found, source=f"moved in: {world.label}"[:200], is_confirmed=True, with_groups=True)


def _options(world: World) -> dict[str, str]:
    """Return the ratios: settings, but with one-hub tables of their own."""
    if world.product != "one-hub":
        return world.source.options()
    return hub_prices.options(world.source.all("prices"), world.source.all("user_groups"))
