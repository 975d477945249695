"""The console's door: members pass, visitors sign in, who waits is told so, strangers find nothing."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import keys, tenants
from accounts.models import Membership, Tenant, User

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


def test_who_waits_for_approval_is_told_so_and_gets_in_when_approved(client: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sign_up=Tenant.SignUp.APPROVAL)
    tenant.refresh_from_db()
    user = User.objects.create_user(email="new@shop.test")
    member = tenants.join(tenant=tenant, user=user, by_policy=True)
    client.force_login(user)
    assert member.state == Membership.State.WAITING
    answer = client.get("/console/", headers=SHOP)
    assert answer.status_code == 403
    assert "waits for approval" in answer.content.decode()
    tenants.approve(membership=member)
    assert client.get("/console/", headers=SHOP).status_code == 200


def test_a_blocked_member_and_their_keys_stay_out(client: Client, end_user: Membership) -> None:
    issued = keys.issue(membership=end_user, name="phone")
    tenants.set_state(membership=end_user, state=Membership.State.BLOCKED)
    client.force_login(end_user.user)
    assert client.get("/console/", headers=SHOP).status_code == 404
    facts = keys.recognise(issued.key.digest)
    assert facts is not None
    assert not facts.user_active


def test_a_visitor_signs_in_first_and_a_stranger_finds_nothing(client: Client, stranger: Membership, tenant: Tenant) -> None:
    assert client.get("/console/", headers=SHOP).headers["Location"] == "/accounts/login/?next=/console/"
    client.force_login(stranger.user)
    assert client.get("/console/", headers=SHOP).status_code == 404
