"""See the console as a customer does: who of the staff may, for how long, and what is kept of it.

A visit lives in one browser session of the staff's and is read-only: `accounts.middleware.VisitMiddleware` lets through
only pages marked with `shown`, and of all that is sent only what is marked with `ends`. Raises `NotAllowed`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.models import Membership, SupportVisit, User

LASTS = timedelta(minutes=30)
V = TypeVar("V", bound=Callable[..., Any])


class NotAllowed(Exception):
    """This person may not see the console of that member."""


def shown(view: V) -> V:
    """Mark a page that visitors may read: it shows no secret and changes nothing."""
    view.is_shown_to_visits = True  # type: ignore[attr-defined]  # wrappers by functools.wraps carry it on
    return view


def ends(view: V) -> V:
    """Mark the one page that visitors may send something to: it ends the visit."""
    view.ends_visits = True  # type: ignore[attr-defined]  # as above
    return view


def is_let_through(view: Callable[..., Any], *, is_safe: bool) -> bool:
    """Tell whether a visitor reaches this page: everything that nobody marked is closed."""
    return bool(getattr(view, "ends_visits", False) or (is_safe and getattr(view, "is_shown_to_visits", False)))


def may_visit(*, user: User, member: Membership) -> bool:
    """Tell whether a person may: the staff of a tenant its customers, the platform's anybody but staff of the platform."""
    staff = Membership.objects.filter(role__in=Membership.STAFF_ROLES, state=Membership.State.ACTIVE)
    is_open = user.is_active and member.user.is_active and member.state == Membership.State.ACTIVE
    if not is_open or member.user_id == user.pk:
        return False
    if staff.filter(user=user, tenant__parent=None).exists():
        return not staff.filter(user=member.user_id, tenant__parent=None).exists()
    return member.role == Membership.Role.CUSTOMER and staff.filter(user=user, tenant=member.tenant_id).exists()


@transaction.atomic
def begin(*, user: User, member: Membership, reason: str, address: str | None = None) -> SupportVisit:
    """Begin a visit that ends by itself; the trail and the customer's security page tell of it. Raise NotAllowed."""
    if not may_visit(user=user, member=member):
        raise NotAllowed
    visit = SupportVisit.objects.create(membership=member, visitor=user, reason=reason, ends_at=timezone.now() + LASTS)
    audit.record(
        actor=user, action="membership.visit", target=member, tenant=member.tenant, address=address,
        after={"reason": reason, "until": visit.ends_at.isoformat(timespec="seconds")},
    )  # fmt: skip
    return visit


def current(*, pk: int, user: User) -> SupportVisit | None:
    """Return a running visit of this person; None when its time is over, or when they may not any more."""
    rows = SupportVisit.objects.select_related("membership__user", "membership__tenant__parent", "visitor")
    visit = rows.filter(pk=pk, visitor=user, ended_at=None, ends_at__gt=timezone.now()).first()
    return visit if visit is not None and may_visit(user=user, member=visit.membership) else None


@transaction.atomic
def end(*, visit: SupportVisit, address: str | None = None) -> None:
    """End a visit; one that has ended stays as it is."""
    now = min(timezone.now(), visit.ends_at)
    if not SupportVisit.objects.filter(pk=visit.pk, ended_at=None).update(ended_at=now):
        return
    member = visit.membership
    after = {"began": visit.started_at.isoformat(timespec="seconds"), "ended": now.isoformat(timespec="seconds")}
    audit.record(actor=visit.visitor, action="membership.visit_end", target=member, tenant=member.tenant, address=address, after=after)


def of(member: Membership, *, most: int = 10) -> list[SupportVisit]:
    """Return the last visits in a member's console, the newest first, as the member may know of them."""
    return list(SupportVisit.objects.filter(membership=member).select_related("visitor").order_by("-pk")[:most])


def end_overdue() -> int:
    """Write the end of visits whose time is over and that nobody ended; return how many."""
    rows = SupportVisit.objects.select_related("membership__tenant", "visitor")
    found = list(rows.filter(ended_at=None, ends_at__lte=timezone.now())[:500])
    for visit in found:
        end(visit=visit)
    return len(found)
