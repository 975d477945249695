"""Move sub-keys under their own secrets, with what they may spend: clients notice nothing."""

from __future__ import annotations

from django.db import transaction

from accounts import arrivals
from billing import limits
from console.movein import records
from console.movein.records import Token
from console.movein.world import World, chunks

KIND = "sub-keys"


def move(world: World) -> None:
    """Move every sub-key whose owner has come; one that is here already stays as it is."""
    rows = (token for row in world.source.rows("tokens") if (token := records.token(row)) is not None)
    for chunk in chunks(rows):
        _move_chunk(world, chunk)


def _move_chunk(world: World, tokens: list[Token]) -> None:
    holders = arrivals.holders_of([token.secret for token in tokens])
    coming: dict[str, Token] = {}
    for token in tokens:
        reason = _why_not(world, token, holders)
        if reason is None and token.secret not in coming:
            coming[token.secret] = token
        elif reason:
            world.report.count(KIND, "left")
            world.report.say(KIND, token.id, reason)
        else:
            world.report.count(KIND, "known")
    world.report.count(KIND, "moved", len(coming))
    for token in coming.values():
        if token.networks is None:
            world.report.say(KIND, token.id, "its list of networks cannot be understood: the key is paused")
        if token.group:
            world.report.say(KIND, token.id, f"its own group {token.group} stays behind: the owner's group counts")
    if world.is_rehearsal or not coming:
        return
    with transaction.atomic():
        made = arrivals.add_keys(tenant=world.tenant, arrivals=[_key(world, token) for token in coming.values()])
        limits.open_allowances(
            {made[token.secret]: (token.used_micros, token.allowed_micros) for token in coming.values() if token.allowed_micros is not None}
        )


def _why_not(world: World, token: Token, holders: dict[str, int]) -> str | None:
    """Return why a sub-key cannot come; an empty text when it is here already."""
    if token.person_id not in world.members:
        return "its owner is not there"
    holder = holders.get(token.secret)
    if holder is None:
        return None
    return "" if holder == world.members[token.person_id] else "somebody else has this key here"


def _key(world: World, token: Token) -> arrivals.ForeignKey:
    return arrivals.ForeignKey(
        membership_id=world.members[token.person_id],
        secret=token.secret,
        name=token.name,
        is_active=token.is_active and token.networks is not None,
        expires_at=token.expires_at,
        models=token.models,
        networks=token.networks or (),
    )
