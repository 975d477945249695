"""Invitations let in once, whom they name, as what they say."""

from __future__ import annotations

import datetime
import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts import invitations, tenants
from accounts.models import Invitation, Membership, Tenant, User
from foundation import outbox
from foundation.models import OutboxMessage

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


def somebody(email: str = "new@shop.test") -> User:
    return User.objects.create_user(email=email)


def test_an_invitation_makes_staff_and_works_once(tenant: Tenant, reseller_owner: Membership) -> None:
    row, token = invitations.invite(tenant=tenant, role="support", by=reseller_owner.user, email="New@shop.test ")
    member = invitations.accept(tenant=tenant, token=token, user=somebody())
    row.refresh_from_db()
    assert (member.role, member.tenant, row.accepted_by) == ("support", tenant, member.user)
    with pytest.raises(invitations.InvitationEnded):
        invitations.accept(tenant=tenant, token=token, user=somebody("second@shop.test"))
    assert Membership.objects.filter(tenant=tenant).count() == 2


def test_it_is_for_the_named_address_alone(tenant: Tenant) -> None:
    _, token = invitations.invite(tenant=tenant, role="manager", by=None, email="new@shop.test")
    with pytest.raises(invitations.NotForYou):
        invitations.accept(tenant=tenant, token=token, user=somebody("other@shop.test"))
    assert not Membership.objects.exists()


def test_it_ends_and_belongs_to_one_shop(tenant: Tenant, root_tenant: Tenant) -> None:
    _, old = invitations.invite(tenant=tenant, role="customer", by=None, lifetime=datetime.timedelta(seconds=-1))
    _, fresh = invitations.invite(tenant=tenant, role="customer", by=None)
    for at, token in ((tenant, old), (root_tenant, fresh), (tenant, "guessed")):
        with pytest.raises(invitations.InvitationEnded):
            invitations.accept(tenant=at, token=token, user=somebody(f"{token[:5]}@shop.test"))


def test_it_lifts_a_customer_lets_in_who_waits_and_lowers_nobody(tenant: Tenant, end_user: Membership, reseller_owner: Membership) -> None:
    tenants.set_state(membership=end_user, state=Membership.State.WAITING)
    for person in (end_user, reseller_owner):
        _, token = invitations.invite(tenant=tenant, role="support", by=None, group="vip")
        invitations.accept(tenant=tenant, token=token, user=person.user)
        person.refresh_from_db()
    assert (end_user.role, end_user.state, end_user.group) == ("support", "active", "vip")
    assert reseller_owner.role == "owner"


def test_the_link_opens_a_closed_shop_to_a_newcomer(client: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sign_up=Tenant.SignUp.INVITE)
    _, token = invitations.invite(tenant=tenant, role="customer", by=None)
    new = {"email": "new@shop.test", "password1": "a long pass phrase"}
    client.post("/accounts/signup/", new, headers=SHOP)
    assert not User.objects.exists()
    assert client.get(f"/join/{token}/", headers=SHOP).status_code == 200
    client.post("/accounts/signup/", new, headers=SHOP)
    assert User.objects.count() == 1
    EmailAddress.objects.update(verified=True)
    client.post("/accounts/login/", {"login": "new@shop.test", "password": "a long pass phrase"}, headers=SHOP)
    assert not Membership.objects.exists()
    answer = client.post(f"/join/{token}/", headers=SHOP)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/console/")
    assert Membership.objects.get().role == "customer"
    assert client.get(f"/join/{token}/", headers=SHOP).status_code == 410


def test_the_owner_invites_by_mail_and_sees_the_link_once(client: Client, tenant: Tenant, reseller_owner: Membership) -> None:
    client.force_login(reseller_owner.user)
    form = {"email": "helper@shop.test", "role": "support", "group": "default", "days": "7"}
    answer = client.post("/reseller/accounts/invitation/add/", form, headers=SHOP)
    link = answer.context["boxes"][0].text
    outbox.deliver()
    assert link in mail.outbox[-1].body
    assert mail.outbox[-1].to == ["helper@shop.test"]
    assert [row.payload["to"] for row in OutboxMessage.objects.filter(payload__template="invitation")] == ["helper@shop.test"]
    assert "/join/" not in str(OutboxMessage.objects.values_list("payload", flat=True))
    assert link not in client.get("/reseller/accounts/invitation/", headers=SHOP).content.decode()
    token = re.search(r"/join/([^/]+)/", link)
    assert token is not None
    assert invitations.accept(tenant=tenant, token=token[1], user=somebody("helper@shop.test")).role == "support"


def test_a_manager_invites_customers_only(client: Client, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role="manager")
    client.force_login(reseller_owner.user)
    form = {"email": "helper@shop.test", "role": "support", "group": "default", "days": "7"}
    assert "role" in client.post("/reseller/accounts/invitation/add/", form, headers=SHOP).context["form"].errors
    assert client.post("/reseller/accounts/invitation/add/", form | {"role": "customer"}, headers=SHOP).context["boxes"]
    assert [row.role for row in Invitation.objects.all()] == ["customer"]


def test_a_withdrawn_invitation_lets_nobody_in(client: Client, tenant: Tenant, reseller_owner: Membership) -> None:
    client.force_login(reseller_owner.user)
    row, token = invitations.invite(tenant=tenant, role="customer", by=None)
    client.post("/reseller/accounts/invitation/", {"action": "withdraw", "_selected_action": [row.pk]}, headers=SHOP)
    assert invitations.find(tenant=tenant, token=token) is None
