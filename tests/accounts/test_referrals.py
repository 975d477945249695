"""Who brought whom: remembered through sign-up on one host, never oneself, never somebody who was there before."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core.cache import cache
from django.test import Client, RequestFactory

from accounts import invitations, people, referrals, tenants
from accounts.models import Membership, Referral, Tenant, User

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}
PASSPHRASE = "a long pass phrase"


def brought_by(member: Membership, code: str) -> Referral | None:
    request = RequestFactory().get("/")
    request.COOKIES[referrals.COOKIE] = code
    return referrals.bind(request, member)


def newcomer(at: Membership, email: str = "new@people.test") -> Membership:
    return tenants.join(tenant=at.tenant, user=User.objects.create_user(email=email))


def test_a_code_is_a_members_own_and_stays(end_user: Membership, reseller_owner: Membership) -> None:
    code = referrals.code_of(end_user)
    assert referrals.code_of(end_user) == code != referrals.code_of(reseller_owner)
    assert referrals.referrer(tenant=end_user.tenant, code=code.upper()) == end_user


def test_a_code_leads_nowhere_at_another_shop_or_once_its_owner_is_blocked(end_user: Membership, stranger: Membership) -> None:
    code = referrals.code_of(end_user)
    assert referrals.referrer(tenant=stranger.tenant, code=code) is None
    assert brought_by(newcomer(stranger), code) is None
    tenants.set_state(membership=end_user, state="blocked")
    assert referrals.referrer(tenant=end_user.tenant, code=code) is None
    assert referrals.referrer(tenant=end_user.tenant, code="") is None


def test_nobody_brings_themselves(end_user: Membership) -> None:
    code = referrals.code_of(end_user)
    assert brought_by(end_user, code) is None
    assert brought_by(newcomer(end_user, "Ann+second@shop.test"), code) is None
    member = newcomer(end_user)
    found = brought_by(member, code)
    assert found is not None
    assert (found.referrer, found.referred) == (end_user, member)


def test_the_first_to_bring_somebody_stays_the_one(end_user: Membership, reseller_owner: Membership) -> None:
    member = newcomer(end_user)
    brought_by(member, referrals.code_of(end_user))
    brought_by(member, referrals.code_of(reseller_owner))
    assert Referral.objects.get().referrer == end_user


@pytest.mark.parametrize("same_browser", [True, False])
def test_it_is_remembered_through_sign_up(client: Client, end_user: Membership, same_browser: bool) -> None:
    cache.clear()
    client.cookies[referrals.COOKIE] = referrals.code_of(end_user)
    client.post("/accounts/signup/", {"email": "new@people.test", "password1": PASSPHRASE}, headers=SHOP)
    user = User.objects.get(email="new@people.test")
    address = EmailAddress.objects.get(user=user)
    browser = client if same_browser else Client()
    browser.post(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/", headers=SHOP)
    if not same_browser:
        browser.post("/accounts/login/", {"login": "new@people.test", "password": PASSPHRASE}, headers=SHOP)
    assert Referral.objects.get().referred == Membership.objects.get(user=user)
    if same_browser:
        assert client.cookies[referrals.COOKIE].value == ""


@pytest.mark.parametrize("same_browser", [True, False])
def test_who_joins_by_an_invitation_was_brought_too(client: Client, end_user: Membership, same_browser: bool) -> None:
    cache.clear()
    Tenant.objects.filter(pk=end_user.tenant_id).update(sign_up=Tenant.SignUp.INVITE)
    _, token = invitations.invite(tenant=end_user.tenant, role="customer", by=None)
    client.get(f"/join/{token}/", headers=SHOP)
    client.cookies[referrals.COOKIE] = referrals.code_of(end_user)
    client.post("/accounts/signup/", {"email": "new@people.test", "password1": PASSPHRASE}, headers=SHOP)
    browser = client if same_browser else Client()
    key = EmailConfirmationHMAC(EmailAddress.objects.get(email="new@people.test")).key
    browser.post(f"/accounts/confirm-email/{key}/", headers=SHOP)
    if not same_browser:
        browser.post("/accounts/login/", {"login": "new@people.test", "password": PASSPHRASE}, headers=SHOP)
    assert not Referral.objects.exists()
    assert browser.post(f"/join/{token}/", headers=SHOP).status_code == 302
    found = Referral.objects.get()
    assert (found.referrer, found.referred.user.email) == (end_user, "new@people.test")
    assert client.cookies[referrals.COOKIE].value == ("" if same_browser else referrals.code_of(end_user))


@pytest.mark.parametrize("role", ["customer", "support"])
def test_an_invitation_binds_neither_staff_nor_who_was_there(client: Client, end_user: Membership, role: str) -> None:
    user = people.add(email="old@people.test", password=PASSPHRASE)
    if role == "customer":
        tenants.join(tenant=end_user.tenant, user=user)
    _, token = invitations.invite(tenant=end_user.tenant, role=role, by=None)
    client.force_login(user)
    client.cookies[referrals.COOKIE] = referrals.code_of(end_user)
    assert client.post(f"/join/{token}/", headers=SHOP).status_code == 302
    assert Membership.objects.get(user=user).role == role
    assert not Referral.objects.exists()


def test_who_was_there_before_was_brought_by_nobody(client: Client, end_user: Membership) -> None:
    old = tenants.join(tenant=end_user.tenant, user=people.add(email="old@people.test", password=PASSPHRASE))
    client.cookies[referrals.COOKIE] = referrals.code_of(end_user)
    client.post("/accounts/login/", {"login": "old@people.test", "password": PASSPHRASE}, headers=SHOP)
    assert client.session["_auth_user_id"] == str(old.user_id)
    assert not Referral.objects.exists()


def test_names_are_masked(end_user: Membership) -> None:
    assert referrals.masked(end_user.user) == "a***"
    assert referrals.masked(User(name="Li Wei")) == "L***"
    assert referrals.masked(User()) == "***"
