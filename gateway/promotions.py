"""Promote customers by what they paid or used: each tenant's rules are a ladder of groups, climbed from the top down.

Only who is in the group everybody begins in, or on a lower rung, climbs: whoever was put into a group without a rule stays. Nobody
falls unless the rule of their group says so. A run changes what differs and nothing else: a second one, or two at once, do no more.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum

from accounts import audit, tenants
from accounts.models import Membership, Tenant
from billing import rungs
from billing.rungs import Rung
from gateway import rollups
from gateway.models import UsageMemberDay

BEGINNERS = "default"


def run(*, now: datetime.datetime) -> int:
    """Apply the rules of every tenant; return how many customers changed their group."""
    return sum(apply(tenant=tenant, now=now) for tenant in rungs.tenants())


def apply(*, tenant: Tenant, now: datetime.datetime) -> int:
    """Apply a tenant's rules; return how many customers changed their group."""
    ladder = rungs.of(tenant)
    return _promote(ladder, tenant, now) + _let_fall(ladder, tenant, now)


def reached(rule: Rung, *, now: datetime.datetime) -> QuerySet[Any]:
    """Return the numbers of the memberships that have paid or used enough, as a subquery."""
    since = None if rule.days is None else now - datetime.timedelta(days=rule.days)
    if rule.used_micros is not None:
        used = UsageMemberDay.objects.filter(tenant_id=rule.tenant_id)
        if since is not None:
            # Sums are of whole days in UTC: the day the window begins in counts.
            used = used.filter(start__gte=rollups.day_of(since))
        return used.values("membership_id").annotate(sum=Sum("price_micros")).filter(sum__gte=rule.used_micros).values("membership_id")
    return rungs.paid_enough(rule, since=since)


def _promote(ladder: Sequence[Rung], tenant: Tenant, now: datetime.datetime) -> int:
    moved = 0
    for index, rule in enumerate(ladder):
        below = [BEGINNERS, *(lower.group for lower in ladder[index + 1 :])]
        found = _customers(tenant).filter(group__in=below, pk__in=reached(rule, now=now))
        moved += sum(_move(pk, before, rule.group, by=rule) for pk, before in found.values_list("pk", "group"))
    return moved


def _let_fall(ladder: Sequence[Rung], tenant: Tenant, now: datetime.datetime) -> int:
    moved = 0
    for index, rule in enumerate(ladder):
        if not rule.falls_back:
            continue
        lost = _customers(tenant).filter(group=rule.group).exclude(pk__in=reached(rule, now=now))
        for pk in lost.values_list("pk", flat=True):
            held = (lower.group for lower in ladder[index + 1 :] if reached(lower, now=now).filter(membership_id=pk).exists())
            moved += _move(pk, rule.group, next(held, BEGINNERS), by=rule)
    return moved


def _customers(tenant: Tenant) -> QuerySet[Membership]:
    return Membership.objects.filter(tenant=tenant, role=Membership.Role.CUSTOMER).order_by("pk")


@transaction.atomic
def _move(pk: int, before: str, after: str, *, by: Rung) -> bool:
    """Put a customer into a group and into the trail, unless somebody else changed the group meanwhile."""
    member = (
        Membership.objects.select_for_update().select_related("tenant").filter(pk=pk, group=before).first() if before != after else None
    )
    if member is None:
        return False
    tenants.set_group(membership=member, group=after)
    audit.record(
        actor=None,
        action="membership.promote",
        target=member,
        before={"group": before},
        after={"group": after, "rule": by.group, "rank": by.rank},
        tenant=member.tenant,
    )
    return True
