"""Marks of a shop's staff: their people, mailboxes however they are spelled, places that tell somebody apart."""

from __future__ import annotations

import datetime

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.utils import timezone

from accounts import audit, marks
from accounts.models import Membership, Tenant


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("8.8.4.4", "8.8.4.4"),
        ("2a01:4f8:1:2:3:4:5:6", "2a01:4f8:1:2::/64"),
        ("8.8.4.0", ""),  # shortened to its network
        ("2a01:4f8:1::", ""),
        ("127.0.0.1", ""),
        ("10.1.2.3", ""),  # a proxy's, perhaps everybody's
        (None, ""),
    ],
)
def test_a_place_tells_a_household_apart_or_nobody(address: str | None, place: str) -> None:
    assert marks.place(address) == place


@pytest.mark.django_db
def test_staff_is_known_by_what_it_signed_in_from_and_did_lately(tenant: Tenant, reseller_owner: Membership, end_user: Membership) -> None:
    owner, now = reseller_owner.user, timezone.now()
    EmailAddress.objects.create(user=owner, email="second+a@mail.test")
    for key, ip in (("a", "8.8.4.4"), ("b", "1.1.1.1")):
        UserSession.objects.create(user=owner, ip=ip, session_key=key, user_agent="x")
    UserSession.objects.filter(session_key="b").update(last_seen_at=now - datetime.timedelta(days=40))
    UserSession.objects.create(user=end_user.user, ip="9.9.9.9", session_key="c", user_agent="x")
    audit.record(actor=owner, action="x", target="x", address="2a01:4f8:1:2::9", tenant=tenant)
    staff = marks.of_staff(tenant.pk, since=now - datetime.timedelta(days=30))
    assert staff.users == {owner.pk}
    assert staff.mailboxes == {"owner@shop.test", "second@mail.test"}
    assert staff.places == {"8.8.4.4", "2a01:4f8:1:2::/64"}
