"""Tenants: opened, found by host, joined by policy."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from accounts import tenants
from accounts.models import Membership, Tenant, User

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
def test_of_many_who_start_at_once_all_find_the_same_root() -> None:
    start = threading.Barrier(6)
    found: list[int] = []

    def look() -> None:
        start.wait()
        found.append(tenants.root().pk)
        connections.close_all()

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert Tenant.objects.count() == 1


@pytest.mark.parametrize("host", ["shop.test", "SHOP.test:8443", "shop.test.", "shop.test:80"])
def test_a_tenant_is_found_whatever_the_port_and_case(tenant: Tenant, host: str) -> None:
    assert tenants.by_host(host) == tenant


@pytest.mark.parametrize(("host", "name"), [("[::1]:8000", "[::1]"), ("A.B:1", "a.b"), (" a.b. ", "a.b"), ("", "")])
def test_the_name_of_a_host(host: str, name: str) -> None:
    assert tenants.host_name(host) == name


def test_platform_hosts_lead_to_the_root_and_unknown_ones_nowhere(root_tenant: Tenant) -> None:
    assert tenants.by_host("platform.test:8000") == root_tenant
    assert tenants.by_host("nobody.test") is None


def test_a_host_that_is_not_proven_answers_nobody(tenant: Tenant) -> None:
    tenant.domains.update(proven_at=None)
    assert tenants.by_host("shop.test") is None


def test_slugs_and_hosts_are_taken_once(tenant: Tenant) -> None:
    with pytest.raises(tenants.SlugTaken):
        tenants.open_tenant(slug="teahouse", name="Another")
    with pytest.raises(tenants.HostTaken):
        tenants.open_tenant(slug="other", name="Other", domain="SHOP.test")
    with pytest.raises(tenants.HostTaken):
        tenants.add_domain(tenant=tenant, host="platform.test")
    assert not Tenant.objects.filter(slug="other").exists()


def test_the_chain_runs_from_the_root_down(root_tenant: Tenant, tenant: Tenant) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant)
    assert tenants.chain(below.pk) == (root_tenant.pk, tenant.pk, below.pk)
    assert tenants.chain(root_tenant.pk) == (root_tenant.pk,)


def test_joining_twice_keeps_the_role(tenant: Tenant) -> None:
    user = User.objects.create_user(email="ann@example.com")
    first = tenants.join(tenant=tenant, user=user, role=Membership.Role.MANAGER)
    again = tenants.join(tenant=tenant, user=user)
    assert (again.pk, again.role) == (first.pk, "manager")


@pytest.mark.parametrize(
    ("policy", "state", "email", "expected"),
    [
        ("open", "open", "ann@example.com", True),
        ("invite", "open", "ann@example.com", False),
        ("domains", "open", "ann@School.test", True),
        ("domains", "open", "ann@example.com", False),
        ("domains", "open", "ann@evil.school.test.example", False),
        ("domains", "open", "", True),
        ("open", "suspended", "ann@example.com", False),
    ],
)
def test_the_sign_up_policy(policy: str, state: str, email: str, expected: bool) -> None:
    shop = Tenant(sign_up=policy, state=state, sign_up_domains=["school.test"])
    assert tenants.admits(tenant=shop, email=email) is expected


def test_who_is_not_admitted_does_not_join_but_members_stay(tenant: Tenant, end_user: Membership) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sign_up="invite")
    tenant.refresh_from_db()
    newcomer = User.objects.create_user(email="new@example.com")
    with pytest.raises(tenants.NotAdmitted):
        tenants.join(tenant=tenant, user=newcomer, by_policy=True)
    assert tenants.join(tenant=tenant, user=end_user.user, by_policy=True) == end_user
    assert newcomer.memberships.count() == 0


def test_roles_change_only_to_roles_that_exist(end_user: Membership) -> None:
    tenants.set_role(membership=end_user, role="support")
    with pytest.raises(ValueError, match="wizard"):
        tenants.set_role(membership=end_user, role="wizard")
    end_user.refresh_from_db()
    assert end_user.role == "support"


def test_a_suspension_ends(tenant: Tenant) -> None:
    tenants.suspend(tenant=tenant)
    assert Tenant.objects.get(pk=tenant.pk).state == "suspended"
    tenants.reopen(tenant=tenant)
    assert Tenant.objects.get(pk=tenant.pk).state == "open"


def test_a_shop_below_a_suspended_one_admits_nobody(tenant: Tenant) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant)
    assert tenants.admits(tenant=below)
    tenants.close(tenant=tenant)
    assert tenants.admits(tenant=Tenant.objects.get(pk=below.pk))
    tenants.suspend(tenant=tenant)
    assert not tenants.admits(tenant=Tenant.objects.get(pk=below.pk))
