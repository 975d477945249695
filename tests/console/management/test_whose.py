"""Which tenant and member a command means."""

from __future__ import annotations

import pytest
from django.core.management import CommandError

from accounts import tenants
from accounts.models import Membership, Tenant
from console.management import whose

pytestmark = pytest.mark.django_db


def test_without_a_name_it_is_the_platform(root_tenant: Tenant, tenant: Tenant) -> None:
    assert whose.tenant(None) == root_tenant
    assert whose.tenant("teahouse") == tenant


def test_an_unknown_tenant_lists_those_that_are(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="there is no tenant tea; there are: platform, teahouse"):
        whose.tenant("tea")


def test_the_only_membership_needs_no_tenant(end_user: Membership, root_tenant: Tenant) -> None:
    assert whose.member(email="ANN@shop.test", slug=None) == end_user
    tenants.join(tenant=root_tenant, user=end_user.user)
    with pytest.raises(CommandError, match=r"\(teahouse, platform\): name one with --tenant"):
        whose.member(email="ann@shop.test", slug=None)
    assert whose.member(email="ann@shop.test", slug="teahouse") == end_user


def test_who_is_no_member_or_nobody_is_refused(end_user: Membership) -> None:
    with pytest.raises(CommandError, match="no member of platform"):
        whose.member(email="ann@shop.test", slug="platform")
    with pytest.raises(CommandError, match="nobody has the address"):
        whose.member(email="bob@shop.test", slug=None)
