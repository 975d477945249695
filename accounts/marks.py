"""What is known of people that may be found again at a purchase: who they are, their mailboxes, where they were."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession

from accounts.models import AuditEvent, Membership, User
from foundation import mailboxes

# Of an IPv6 address a household has the network; of a shortened one less is known than that.
_HOUSEHOLD, _SHORTENED = 64, {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Marks:
    """Some people, their mailboxes (`mailboxes.canonical`) and the places they were at lately (`place`)."""

    users: frozenset[int]
    mailboxes: frozenset[str]
    places: frozenset[str]


def of_staff(tenant_id: int, *, since: datetime.datetime) -> Marks:
    """Collect the marks of a shop's staff; places are those seen since a moment."""
    staff = Membership.objects.filter(tenant=tenant_id, role__in=Membership.STAFF_ROLES)
    return of_people(staff.values_list("user_id", flat=True), since=since)


def of_people(users: Iterable[int], *, since: datetime.datetime) -> Marks:
    """Collect the marks of people: where they signed in, and what they changed as staff, since a moment."""
    who = frozenset(users)
    mails = [*User.objects.filter(pk__in=who, email__isnull=False).values_list("email", flat=True)]
    mails += EmailAddress.objects.filter(user__in=who).values_list("email", flat=True)
    seen = {*UserSession.objects.filter(user__in=who, last_seen_at__gte=since).values_list("ip", flat=True)}
    seen |= {*AuditEvent.objects.filter(actor__in=who, created_at__gte=since).order_by().values_list("address", flat=True)}
    return Marks(who, frozenset(map(mailboxes.canonical, filter(None, mails))), frozenset(filter(None, map(place, seen))))


def place(address: str | None) -> str:
    """Return the household of a network address; empty for one that tells nobody apart: private, or shortened to its network."""
    if not address:
        return ""
    found = ipaddress.ip_address(address)
    if not found.is_global or found == ipaddress.ip_network(f"{found}/{_SHORTENED[found.version]}", strict=False).network_address:
        return ""
    return str(found) if found.version == 4 else str(ipaddress.ip_network(f"{found}/{_HOUSEHOLD}", strict=False))
