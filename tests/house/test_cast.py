"""The cast of the tests stands where its names say."""

from __future__ import annotations

from accounts import tenants
from accounts.models import Membership, Tenant


def test_each_person_has_the_role_and_place_of_the_name(
    root_tenant: Tenant,
    tenant: Tenant,
    platform_admin: Membership,
    reseller_owner: Membership,
    end_user: Membership,
    stranger: Membership,
) -> None:
    assert tenants.by_host("shop.test") == tenant
    assert tenants.by_host("platform.test") == root_tenant
    assert (platform_admin.tenant, platform_admin.role) == (root_tenant, "owner")
    assert (reseller_owner.tenant, reseller_owner.role) == (tenant, "owner")
    assert (end_user.tenant, end_user.role) == (tenant, "customer")
    assert stranger.tenant not in (root_tenant, tenant)
