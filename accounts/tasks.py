"""Celery's doors to this room: what many are told, and what is swept away. Mails, webhooks and notices register here."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any

from allauth.usersessions.models import UserSession
from celery import shared_task
from django.utils import timezone

from accounts import mail_texts, mailing, notices, past, retention, tenants, visits, webhooks
from accounts.models import ApiReply, AuditEvent, Membership, Tenant, WebhookDelivery
from foundation import addresses, jobs, outbox

__all__ = [
    "end_visits",
    "forget_past",
    "mail_texts",
    "mailing",
    "notices",
    "purge_messages",
    "shorten_addresses",
    "tell_members",
    "webhooks",
]

TELL_MEMBERS = "accounts.tell_members"
KEEP_REPLIES = datetime.timedelta(days=1)
KEEP_DELIVERIES = datetime.timedelta(days=30)


@outbox.handler(TELL_MEMBERS)
def tell_members(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """Tell every customer of the tenant in `payload`, by mail, that it is suspended, closed or open again: each of them once."""
    tenant = Tenant.objects.get(pk=payload["tenant"])
    members = Membership.objects.filter(tenant=tenant, state=Membership.State.ACTIVE, user__is_active=True, user__email__isnull=False)
    for member in members.select_related("user").order_by("pk").iterator(chunk_size=500):
        member.tenant = tenant
        contact = tenants.spoken(tenant, mailing.language_of(member)).contact
        mailing.tell(member, template=f"tenant_{tenant.state}", context={"contact": contact}, key=f"tell:{message_id}:{member.pk}")


@shared_task
@jobs.scheduled("purge deliveries and replies", every_seconds=3600)
def purge_messages() -> int:
    """Forget what the API answered a day ago and what webhooks were sent a month ago; return how many."""
    now = timezone.now()
    replies = ApiReply.objects.filter(created_at__lt=now - KEEP_REPLIES).delete()[0]
    return replies + WebhookDelivery.objects.filter(created_at__lt=now - KEEP_DELIVERIES).delete()[0]


@shared_task
@jobs.scheduled("end support visits", every_seconds=300)
def end_visits() -> int:
    """Write the end of visits in customers' consoles whose time is over; return how many."""
    return visits.end_overdue()


@shared_task
@jobs.scheduled("shorten addresses of people", every_seconds=24 * 3600)
def shorten_addresses() -> int:
    """Keep of old addresses in the trail and in sessions only their network; return how many were shortened."""
    now, found = timezone.now(), 0
    for rows, before in retention.old_addresses(path="tenant", now=now):
        found += addresses.shorten(AuditEvent.objects.filter(rows).order_by(), address="address", at="created_at", before=before)
    for rows, before in retention.old_addresses(path="user__memberships__tenant", now=now):
        found += addresses.shorten(UserSession.objects.filter(rows), address="ip", at="last_seen_at", before=before)
    return found


@shared_task
@jobs.scheduled("forget logs from before the move", every_seconds=24 * 3600)
def forget_past() -> str:
    """Drop the months of other systems' logs that are older than usage is kept; return their names."""
    return ", ".join(past.forget()) or "none"
