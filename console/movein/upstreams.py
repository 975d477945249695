"""Move channels with their keys; one that was switched off there is switched off here."""

from __future__ import annotations

from django.db import transaction

from accounts import arrivals
from channels_app import channels
from channels_app.models import Channel
from console.movein import vendors
from console.movein.channel_rows import ForeignChannel, channel
from console.movein.world import World

KIND = "channels"


def move(world: World) -> None:
    """Move every channel that has a counterpart and has not come yet."""
    before = arrivals.origins(source=world.label, kind="channel")
    names = set(Channel.objects.filter(tenant=world.tenant).values_list("name", flat=True))
    for row in world.source.rows("channels"):
        found = channel(world.product, row)
        if found.id in before:
            world.report.count(KIND, "known")
            continue
        name = found.name if found.name not in names else f"{found.name} ({found.id})"
        names.add(name)
        _move_one(world, found, name)


def _move_one(world: World, found: ForeignChannel, name: str) -> None:
    problem = _problem(world, found)
    if problem is None and not world.is_rehearsal:
        try:
            _make(world, found, name)
        except channels.ChannelError as error:
            problem = str(error)
    world.report.count(KIND, "left" if problem else "moved")
    for text in (problem,) if problem else found.notes:
        world.report.say(KIND, found.id, f"{found.name}: {text}")


def _problem(world: World, found: ForeignChannel) -> str | None:
    if found.provider is None:
        return f"{vendors.name(world.product, found.kind)} has no counterpart here"
    if not found.models:
        return "it serves no model"
    return None


@transaction.atomic
def _make(world: World, found: ForeignChannel, name: str) -> None:
    first, *others = found.keys or ("",)
    made = channels.add(
        name=name,
        provider=str(found.provider),
        base_url=found.base_url,
        key=first,
        models=found.models,
        tenant=world.tenant,
        groups=found.groups,
        tags=found.tags,
        priority=found.priority,
        weight=found.weight,
        options=found.options,
    )
    for key in others:
        channels.add_key(channel=made, key=key)
    if not found.is_enabled:
        channels.disable(channel=made, reason="It was switched off where it comes from.")
    arrivals.remember(
        tenant=world.tenant, source=world.label, kind="channel", foreign_id=found.id, foreign_name=found.name, local_id=made.pk
    )
