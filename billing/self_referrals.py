"""Whoever brings a customer and the customer may be one person, after the reward: it waits until the shop has looked. Nothing is lost.

WrongStep   the referral does not wait for a decision
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import events, marks
from accounts.marks import Marks
from accounts.models import Membership, Referral
from billing.models import Order

# Places are known for as long as addresses are kept whole.
_LATELY = datetime.timedelta(days=30)

Doubt = Referral.Doubt


class WrongStep(Exception):
    """Nobody waits for this decision any more."""


def doubt(referral: Referral) -> bool:
    """Tell whether a locked referral waits for the shop, noting and telling the first time why; one that was decided does not."""
    if referral.doubt:
        return referral.doubt in Referral.WAITING
    found = _found(referral)
    if not found:
        return False
    Referral.objects.filter(pk=referral.pk).update(doubt=found)
    told = {"referrer": referral.referrer_id, "customer": referral.referred_id, "doubt": str(found)}
    events.emit(tenant_id=referral.referrer.tenant_id, kind="referral.doubted", data=told, key=str(referral.pk))
    return True


@transaction.atomic
def allow(*, referral: Referral) -> None:
    """Say that they are two people: the reward is paid by the next sweep. Raises WrongStep."""
    _decide(referral, to=Doubt.ALLOWED)


@transaction.atomic
def refuse(*, referral: Referral) -> None:
    """Say that they are one: nobody gets anything for it. Raises WrongStep."""
    _decide(referral, to=Doubt.REFUSED, settled_at=timezone.now())


def _decide(referral: Referral, *, to: str, **fields: object) -> None:
    if Referral.objects.filter(pk=referral.pk, doubt__in=Referral.WAITING, settled_at=None).update(doubt=to, **fields) != 1:
        raise WrongStep(_("This referral waits for no decision."))
    referral.refresh_from_db()


def _found(referral: Referral) -> str:
    """Return what speaks for one person behind both."""
    since = timezone.now() - _LATELY
    one, other = (_marks(member, since) for member in (referral.referrer, referral.referred))
    if one.mailboxes & other.mailboxes:
        return Doubt.MAILBOX
    return Doubt.PLACE if one.places & other.places else Doubt.NONE


def _marks(member: Membership, since: datetime.datetime) -> Marks:
    """Add where a member ordered to what is known of the person."""
    known = marks.of_people([member.user_id], since=since)
    ordered = Order.objects.filter(membership=member, created_at__gte=since).values_list("address", flat=True)
    return Marks(known.users, known.mailboxes, known.places | frozenset(filter(None, map(marks.place, ordered))))
