"""Signing up and in on a tenant's host: mails, membership, policy, second factors."""

from __future__ import annotations

import base64
import hashlib

import pytest
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialApp
from django.core import mail
from django.core.cache import cache
from django.test import Client, RequestFactory
from fido2 import cbor
from pytest_django import Settings

from accounts import adapters, people
from accounts.models import Membership, Tenant, User

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}
PASSPHRASE = "a long pass phrase"
NEW = {"email": "New@Example.com", "password1": PASSPHRASE}


def sign_in(client: Client, email: str, *, host: str = "shop.test", password: str = PASSPHRASE) -> int:
    return client.post("/accounts/login/", {"login": email, "password": password}, headers={"host": host}).status_code


def test_a_mail_comes_from_the_shop_and_leads_to_its_host(client: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(reply_to="help@shop.test")
    client.post("/accounts/signup/", NEW, headers=SHOP)
    message = mail.outbox[0]
    assert message.to == ["new@example.com"]
    assert message.from_email.startswith("Tea House <")
    assert message.subject.startswith("[Tea House] ")
    assert message.reply_to == ["help@shop.test"]
    assert "http://shop.test/accounts/confirm-email/" in message.body
    assert "platform.test" not in message.body


def test_a_newcomer_is_a_member_after_the_address_is_confirmed(client: Client, tenant: Tenant) -> None:
    client.post("/accounts/signup/", NEW, headers=SHOP)
    assert sign_in(client, "new@example.com") == 302
    assert Membership.objects.count() == 0
    EmailAddress.objects.update(verified=True)
    sign_in(client, "new@example.com")
    member = Membership.objects.get()
    assert (member.tenant, member.user.email, member.role) == (tenant, "new@example.com", "customer")


def test_a_known_address_gets_a_mail_and_the_page_tells_nothing(client: Client, tenant: Tenant) -> None:
    fresh = client.post("/accounts/signup/", NEW, headers=SHOP)
    people.add(email="known@example.com")
    known = client.post("/accounts/signup/", NEW | {"email": "known@example.com"}, headers=SHOP)
    assert (known.status_code, known["Location"]) == (fresh.status_code, fresh["Location"])
    assert "sign in to join" in mail.outbox[-1].body
    assert User.objects.filter(email="known@example.com").count() == 1


def test_a_member_of_one_shop_joins_another_by_signing_in_there(client: Client, tenant: Tenant, stranger: Membership) -> None:
    user = people.add(email="ann@example.com", password=PASSPHRASE)
    sign_in(client, "ann@example.com", host="elsewhere.test")
    assert [row.tenant for row in user.memberships.all()] == [stranger.tenant]


def test_a_shop_by_invitation_lets_sign_in_but_nobody_join(client: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sign_up="invite")
    user = people.add(email="ann@example.com", password=PASSPHRASE)
    client.post("/accounts/signup/", NEW, headers=SHOP)
    assert User.objects.filter(email="new@example.com").exists() is False
    assert sign_in(client, "ann@example.com") == 302
    assert user.memberships.count() == 0


def test_only_addresses_of_the_wanted_domains_sign_up(client: Client, tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(sign_up="domains", sign_up_domains=["school.test"])
    client.post("/accounts/signup/", NEW, headers=SHOP)
    client.post("/accounts/signup/", NEW | {"email": "pupil@school.test"}, headers=SHOP)
    assert list(User.objects.values_list("email", flat=True)) == ["pupil@school.test"]


def test_passwords_cannot_be_guessed_for_long(client: Client, tenant: Tenant, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"}
    cache.clear()
    people.add(email="ann@example.com", password=PASSPHRASE)
    for _ in range(5):
        sign_in(client, "ann@example.com", password="wrong")
    sign_in(client, "ann@example.com")
    assert "_auth_user_id" not in client.session
    cache.clear()
    sign_in(client, "ann@example.com")
    assert "_auth_user_id" in client.session


def test_the_key_of_an_authenticator_app_is_kept_sealed(tenant: Tenant) -> None:
    user = people.add(email="ann@example.com")
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    kept = Authenticator.objects.get().data["secret"]
    assert secret not in kept
    assert adapters.MFAAdapter().decrypt(kept) == secret


def a_passkey(user: User, host: str) -> Authenticator:
    """Return a passkey as a browser on that host registers it, cut down to what is read."""
    data = hashlib.sha256(host.encode()).digest() + b"\x01" + b"\0\0\0\0"
    attestation = cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})
    encoded = base64.urlsafe_b64encode(attestation).rstrip(b"=").decode()
    credential = {"name": "phone", "credential": {"response": {"attestationObject": encoded}}}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=credential)


def test_a_passkey_of_another_host_is_not_asked_for(rf: RequestFactory, tenant: Tenant) -> None:
    user = people.add(email="ann@example.com")
    a_passkey(user, "shop.test")
    seen = {}
    for host in ("shop.test:8000", "elsewhere.test"):
        with context.request_context(rf.get("/", headers={"host": host})):
            seen[host] = adapters.MFAAdapter().is_mfa_enabled(user)
    assert seen == {"shop.test:8000": True, "elsewhere.test": False}


def test_a_passkey_names_the_host_without_port_and_the_shop(rf: RequestFactory, tenant: Tenant) -> None:
    request = rf.get("/", headers={"host": "shop.test:8000"})
    request.tenant = tenant  # type: ignore[attr-defined]  # as TenantMiddleware does
    with context.request_context(request):
        entity = adapters.MFAAdapter().get_public_key_credential_rp_entity()
        issuer = adapters.MFAAdapter().get_totp_issuer()
    assert (entity, issuer) == ({"id": "shop.test", "name": "Tea House"}, "Tea House")


def test_social_apps_belong_to_one_tenant(rf: RequestFactory, root_tenant: Tenant, tenant: Tenant) -> None:
    SocialApp.objects.create(provider="github", name="platform", client_id="1")
    SocialApp.objects.create(provider="github", name="shop", client_id="2", settings={"tenant": tenant.pk})
    seen = {}
    for place in (root_tenant, tenant):
        request = rf.get("/")
        request.tenant = place  # type: ignore[attr-defined]  # as TenantMiddleware does
        with context.request_context(request):
            seen[place.slug] = [app.name for app in adapters.SocialAccountAdapter().list_apps(request)]
    assert seen == {"platform": ["platform"], "teahouse": ["shop"]}


@pytest.mark.parametrize(("language", "greeting"), [("zh-hans", "您好，这里是Tea House。"), ("zh-hant", "您好，這裡是Tea House。")])
def test_mails_greet_in_plain_chinese(client: Client, tenant: Tenant, language: str, greeting: str) -> None:
    values = {"email": "new@shop.test", "password1": "a long pass phrase"}
    client.post("/accounts/signup/", values, headers={"host": "shop.test", "accept-language": language})
    assert mail.outbox[0].body.strip().splitlines()[0] == greeting
