"""Hosts and applications over the API: claimed, given up; approved, declined; none of strangers."""

from __future__ import annotations

import pytest

from accounts import onboarding
from accounts.models import Membership, Tenant, TenantDomain
from foundation.models import OutboxMessage
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_host_is_claimed_and_given_up(reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    status, told = call("POST", "domains/", {"host": "tea.example.com"})
    row = TenantDomain.objects.get(host="tea.example.com")
    assert (status, told["record_text"], told["proven_at"], row.tenant_id) == (201, row.proof, None, reseller_owner.tenant_id)
    assert told["record_name"].endswith("tea.example.com")
    assert call("POST", "domains/", {"host": "elsewhere.test"})[1]["error"]["fields"].keys() == {"host"}
    primary = TenantDomain.objects.get(host="shop.test")
    assert call("DELETE", f"domains/{primary.pk}/")[0] == (409 if primary.is_primary else 204)
    outside = program(stranger, host="elsewhere.test")
    assert [outside(method, f"domains/{row.pk}/{act}")[0] for method, act in (("GET", ""), ("DELETE", ""), ("POST", "prove/"))] == [404] * 3
    assert call("DELETE", f"domains/{row.pk}/") == (204, None)


def test_who_wants_a_shop_is_approved_once(reseller_owner: Membership, end_user: Membership, stranger: Membership) -> None:
    row = onboarding.apply(seller=reseller_owner.tenant, applicant=end_user.user, slug="ann-shop", name="Ann's")
    assert program(stranger, host="elsewhere.test")("POST", f"applications/{row.pk}/approve/")[0] == 404
    call = program(reseller_owner)
    assert [one["slug"] for one in call("GET", "applications/")[1]["results"]] == ["ann-shop"]
    status, told = call("POST", f"applications/{row.pk}/approve/")
    assert (status, told["state"], Tenant.objects.get(slug="ann-shop").parent_id) == (200, "approved", reseller_owner.tenant_id)
    assert [row.payload["template"] for row in OutboxMessage.objects.order_by("pk")] == ["application_waiting", "application_approved"]
    assert call("POST", f"applications/{row.pk}/decline/", {"reason": "late"})[0] == 409


def test_the_platform_vouches_for_a_host(reseller_owner: Membership, platform_admin: Membership) -> None:
    made = program(reseller_owner)("POST", "domains/", {"host": "own.example"})[1]
    path, call = f"domains/{made['id']}/", program(platform_admin, host="platform.test")
    assert program(reseller_owner)("PATCH", path, {"is_proven": True})[0] == 403
    told = call("PATCH", path, {"is_proven": True, "is_primary": True})[1]
    assert (told["proven_at"] is not None, told["is_primary"]) == (True, True)
    assert [one["is_primary"] for one in call("GET", "domains/?host=shop.test")[1]["results"]] == [False]
    assert call("PATCH", path, {"is_proven": False})[1]["proven_at"] is None
