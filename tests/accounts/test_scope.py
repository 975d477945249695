"""What each of the cast may see."""

from __future__ import annotations

import pytest

from accounts import audit, keys, scope
from accounts.models import ApiKey, AuditEvent, Membership, Tenant, User
from foundation.models import Job, OutboxMessage

pytestmark = pytest.mark.django_db


def act(member: Membership, at: Tenant | None = None) -> scope.Actor:
    return scope.actor(user=member.user, tenant=at or member.tenant)


@pytest.fixture
def sold(end_user: Membership, stranger: Membership) -> list[ApiKey]:
    return [keys.issue(membership=member, name="k").key for member in (end_user, stranger)]


def test_the_platform_sees_everything(platform_admin: Membership, sold: list[ApiKey]) -> None:
    assert set(scope.narrow(act(platform_admin), ApiKey.objects.all())) == set(sold)


def test_a_reseller_sees_the_own_shop_only(reseller_owner: Membership, sold: list[ApiKey]) -> None:
    actor = act(reseller_owner)
    assert list(scope.narrow(actor, ApiKey.objects.all())) == [sold[0]]
    assert list(scope.narrow(actor, Tenant.objects.all())) == [reseller_owner.tenant]


def test_a_customer_sees_the_own_rows_only(end_user: Membership, reseller_owner: Membership, sold: list[ApiKey]) -> None:
    keys.issue(membership=reseller_owner, name="boss")
    actor = act(end_user)
    assert list(scope.narrow(actor, ApiKey.objects.all())) == [sold[0]]
    assert list(scope.narrow(actor, Membership.objects.all())) == [end_user]
    assert list(scope.narrow(actor, Tenant.objects.all())) == []


def test_a_stranger_and_a_visitor_see_nothing(stranger: Membership, tenant: Tenant, sold: list[ApiKey]) -> None:
    for actor in (act(stranger, at=tenant), scope.actor(user=None, tenant=tenant)):
        assert (actor.role, actor.is_staff, actor.is_platform) == (None, False, False)
        assert list(scope.narrow(actor, ApiKey.objects.all())) == []
        assert list(scope.narrow(actor, Tenant.objects.all())) == []


def test_people_are_seen_once_where_they_are_members(reseller_owner: Membership, end_user: Membership, stranger: Membership) -> None:
    seen = scope.narrow(act(reseller_owner), User.objects.order_by("pk"))
    assert list(seen) == [reseller_owner.user, end_user.user]


def test_what_knows_no_tenant_is_for_the_platform_only(platform_admin: Membership, reseller_owner: Membership) -> None:
    OutboxMessage.objects.create(topic="t")
    assert scope.narrow(act(platform_admin), OutboxMessage.objects.all()).count() == 1
    assert scope.narrow(act(reseller_owner), OutboxMessage.objects.all()).count() == 0


def test_jobs_are_scoped_by_their_number(reseller_owner: Membership, stranger: Membership) -> None:
    for member in (reseller_owner, stranger):
        Job.objects.create(kind="mint", scope_id=member.tenant_id)
    assert [job.scope_id for job in scope.narrow(act(reseller_owner), Job.objects.all())] == [reseller_owner.tenant_id]


def test_a_deactivated_person_is_nobody(platform_admin: Membership) -> None:
    platform_admin.user.is_active = False
    actor = act(platform_admin)
    assert (actor.user, actor.is_staff) == (None, False)


def test_platform_staff_are_strangers_on_a_shops_host(platform_admin: Membership, tenant: Tenant) -> None:
    assert act(platform_admin, at=tenant).role is None


def test_in_the_back_office_on_the_platforms_host_a_reseller_acts_at_the_shop(
    reseller_owner: Membership, end_user: Membership, platform_admin: Membership, root_tenant: Tenant
) -> None:
    assert scope.staff_actor(user=reseller_owner.user, tenant=root_tenant).tenant == reseller_owner.tenant
    assert scope.staff_actor(user=end_user.user, tenant=root_tenant).is_staff is False
    assert scope.staff_actor(user=platform_admin.user, tenant=root_tenant).is_platform is True


def test_a_reseller_does_not_act_at_another_shop(reseller_owner: Membership, stranger: Membership) -> None:
    assert scope.staff_actor(user=reseller_owner.user, tenant=stranger.tenant).is_staff is False


def test_the_trail_is_scoped_too(reseller_owner: Membership, stranger: Membership) -> None:
    audit.record(actor=act(stranger), action="key.revoke", target="x")
    audit.record(actor=act(reseller_owner), action="key.issue", target="y")
    assert [event.action for event in scope.narrow(act(reseller_owner), AuditEvent.objects.all())] == ["key.issue"]
