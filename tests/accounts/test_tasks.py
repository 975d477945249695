"""Old network addresses of staff and of sessions are shortened after as many days as the platform or the shop says."""

from __future__ import annotations

import datetime

import pytest
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts import audit, tasks
from accounts.models import AuditEvent, Membership, Tenant

pytestmark = pytest.mark.django_db


def test_addresses_are_shortened_when_their_days_are_over(end_user: Membership) -> None:
    for days, key in ((29, "new"), (31, "old")):
        seen = timezone.now() - datetime.timedelta(days=days)
        audit.record(actor=end_user.user, action="x.y", target=key, tenant=end_user.tenant, address="203.0.113.7")
        session = UserSession.objects.create(user=end_user.user, ip="2001:db8:1:2::3", session_key=key, user_agent="x")
        UserSession.objects.filter(pk=session.pk).update(last_seen_at=seen)
    assert tasks.shorten_addresses() == 1
    assert dict(UserSession.objects.values_list("session_key", "ip")) == {"new": "2001:db8:1:2::3", "old": "2001:db8:1::"}
    assert set(AuditEvent.objects.values_list("address", flat=True)) == {"203.0.113.7"}


def test_a_shop_may_keep_them_shorter_and_never_longer(end_user: Membership, stranger: Membership) -> None:
    for member, days in ((end_user, 7), (stranger, 90)):
        Tenant.objects.filter(pk=member.tenant_id).update(address_days=days)
    for member, age in ((end_user, 6), (end_user, 8), (stranger, 8), (stranger, 31)):
        seen = timezone.now() - datetime.timedelta(days=age)
        key = f"{member.tenant.slug} {age}"
        session = UserSession.objects.create(user=member.user, ip="2001:db8:1:2::3", session_key=key, user_agent="x")
        UserSession.objects.filter(pk=session.pk).update(last_seen_at=seen)
    assert tasks.shorten_addresses() == 2
    short = {"teahouse 6": False, "teahouse 8": True, "elsewhere 8": False, "elsewhere 31": True}
    assert {key: ip == "2001:db8:1::" for key, ip in UserSession.objects.values_list("session_key", "ip")} == short
