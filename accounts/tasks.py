"""Celery's doors to this room: what is swept away after a while. Importing webhooks and notices registers their outbox topics."""

from __future__ import annotations

import datetime

from celery import shared_task
from django.utils import timezone

from accounts import notices, webhooks
from accounts.models import ApiReply, WebhookDelivery
from foundation import jobs

__all__ = ["notices", "purge_messages", "webhooks"]

KEEP_REPLIES = datetime.timedelta(days=1)
KEEP_DELIVERIES = datetime.timedelta(days=30)


@shared_task
@jobs.scheduled("purge deliveries and replies", every_seconds=3600)
def purge_messages() -> int:
    """Forget what the API answered a day ago and what webhooks were sent a month ago; return how many."""
    now = timezone.now()
    replies = ApiReply.objects.filter(created_at__lt=now - KEEP_REPLIES).delete()[0]
    return replies + WebhookDelivery.objects.filter(created_at__lt=now - KEEP_DELIVERIES).delete()[0]
