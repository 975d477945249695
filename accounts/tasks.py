"""Celery's doors to this room: what many are told, and what is swept away. Webhooks and notices register their topics here."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.utils import timezone

from accounts import notices, webhooks
from accounts.models import ApiReply, Membership, Tenant, WebhookDelivery
from foundation import jobs, notify

__all__ = ["notices", "purge_messages", "tell_members", "webhooks"]

KEEP_REPLIES = datetime.timedelta(days=1)
KEEP_DELIVERIES = datetime.timedelta(days=30)


@shared_task
def tell_members(tenant_id: int) -> int:
    """Tell every customer of a tenant, by mail, that it is suspended, closed or open again; return how many."""
    tenant = Tenant.objects.get(pk=tenant_id)
    members = Membership.objects.filter(tenant=tenant, state=Membership.State.ACTIVE, user__is_active=True, user__email__isnull=False)
    told = 0
    for member in members.select_related("user").order_by("pk").iterator(chunk_size=500):
        notify.email(
            to=member.user.email or "",
            template=f"tenant_{tenant.state}",
            context={"shop": tenant.name, "contact": tenant.contact},
            language=member.user.language or tenant.language,
            sender_name=tenant.name,
            reply_to=tenant.reply_to,
        )
        told += 1
    return told


@shared_task
@jobs.scheduled("purge deliveries and replies", every_seconds=3600)
def purge_messages() -> int:
    """Forget what the API answered a day ago and what webhooks were sent a month ago; return how many."""
    now = timezone.now()
    replies = ApiReply.objects.filter(created_at__lt=now - KEEP_REPLIES).delete()[0]
    return replies + WebhookDelivery.objects.filter(created_at__lt=now - KEEP_DELIVERIES).delete()[0]
