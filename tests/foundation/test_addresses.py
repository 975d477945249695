"""Old addresses keep their network, others stay; running it again changes nothing."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEvent, Membership
from accounts.scope import Actor
from foundation import addresses

pytestmark = pytest.mark.django_db


def test_old_addresses_are_shortened_once(end_user: Membership) -> None:
    actor = Actor(user=end_user.user, tenant=end_user.tenant, membership=end_user)
    for address in ("203.0.113.77", "2001:db8:1:2:3::4", None):
        audit.record(actor=actor, action="x.y", target="x", tenant=end_user.tenant, address=address)
    later = timezone.now() + datetime.timedelta(seconds=1)
    values = {"address": "address", "at": "created_at"}
    assert addresses.shorten(AuditEvent.objects.all(), before=later - datetime.timedelta(days=1), **values) == 0
    assert addresses.shorten(AuditEvent.objects.all(), before=later, **values) == 2
    assert addresses.shorten(AuditEvent.objects.all(), before=later, **values) == 0
    assert list(AuditEvent.objects.order_by("pk").values_list("address", flat=True)) == ["203.0.113.0", "2001:db8:1::", None]
