"""Visits in a customer's console: who may, for how long, and what is kept."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts import tasks, tenants, visits
from accounts.models import AuditEvent, Membership, SupportVisit, Tenant, User

pytestmark = pytest.mark.django_db


def person(name: str, at: Tenant, role: str) -> Membership:
    return tenants.join(tenant=at, user=User.objects.create_user(email=f"{name}@people.test"), role=role)


@pytest.mark.parametrize("role", ["owner", "manager", "support"])
def test_staff_of_a_shop_see_its_customers_and_nobody_else(tenant: Tenant, end_user: Membership, stranger: Membership, role: str) -> None:
    staff = person("staff", tenant, role)
    colleague = person("colleague", tenant, "support")
    theirs = person("theirs", stranger.tenant, "customer")
    assert visits.may_visit(user=staff.user, member=end_user)
    assert not visits.may_visit(user=staff.user, member=colleague)
    assert not visits.may_visit(user=staff.user, member=theirs)
    assert not visits.may_visit(user=staff.user, member=staff)


def test_the_platform_sees_all_but_its_own_staff(platform_admin: Membership, reseller_owner: Membership, end_user: Membership) -> None:
    colleague = person("colleague", platform_admin.tenant, "support")
    shopping = tenants.join(tenant=end_user.tenant, user=colleague.user)
    assert visits.may_visit(user=platform_admin.user, member=end_user)
    assert visits.may_visit(user=platform_admin.user, member=reseller_owner)
    assert not visits.may_visit(user=platform_admin.user, member=colleague)
    assert not visits.may_visit(user=platform_admin.user, member=shopping)


def test_customers_strangers_and_blocked_members_are_out(
    tenant: Tenant, reseller_owner: Membership, end_user: Membership, stranger: Membership
) -> None:
    other = person("other", tenant, "customer")
    assert not visits.may_visit(user=end_user.user, member=other)
    assert not visits.may_visit(user=stranger.user, member=other)
    tenants.set_state(membership=other, state="blocked")
    assert not visits.may_visit(user=reseller_owner.user, member=other)


def test_a_visit_is_refused_before_anything_is_kept(stranger: Membership, end_user: Membership) -> None:
    with pytest.raises(visits.NotAllowed):
        visits.begin(user=stranger.user, member=end_user, reason="curious")
    assert not SupportVisit.objects.exists()
    assert not AuditEvent.objects.filter(action="membership.visit").exists()


def test_beginning_and_end_stand_in_the_trail_once(reseller_owner: Membership, end_user: Membership) -> None:
    visit = visits.begin(user=reseller_owner.user, member=end_user, reason="ticket 7", address="203.0.113.7")
    visits.end(visit=visit)
    visits.end(visit=visit)
    found = AuditEvent.objects.filter(target=f"accounts.membership:{end_user.pk}").order_by("pk")
    assert [(one.action, one.actor, one.tenant) for one in found] == [
        ("membership.visit", reseller_owner.user, end_user.tenant),
        ("membership.visit_end", reseller_owner.user, end_user.tenant),
    ]
    assert found[0].after["reason"] == "ticket 7"
    assert [one.pk for one in visits.of(end_user)] == [visit.pk]


def test_a_visit_runs_until_its_time_is_over_or_the_role_is_lost(reseller_owner: Membership, end_user: Membership) -> None:
    visit = visits.begin(user=reseller_owner.user, member=end_user, reason="ticket 7")
    assert visits.current(pk=visit.pk, user=reseller_owner.user) == visit
    assert visits.current(pk=visit.pk, user=end_user.user) is None
    tenants.set_role(membership=reseller_owner, role="customer")
    assert visits.current(pk=visit.pk, user=reseller_owner.user) is None
    tenants.set_role(membership=reseller_owner, role="support")
    SupportVisit.objects.update(ends_at=timezone.now() - datetime.timedelta(seconds=1))
    assert visits.current(pk=visit.pk, user=reseller_owner.user) is None


def test_visits_that_nobody_ended_get_their_end_in_the_trail(reseller_owner: Membership, end_user: Membership) -> None:
    visits.begin(user=reseller_owner.user, member=end_user, reason="ticket 7")
    assert visits.end_overdue() == 0
    over = timezone.now() - datetime.timedelta(minutes=1)
    SupportVisit.objects.update(ends_at=over)
    assert tasks.end_visits() == 1
    assert SupportVisit.objects.get().ended_at == over
    assert AuditEvent.objects.filter(action="membership.visit_end").count() == 1
