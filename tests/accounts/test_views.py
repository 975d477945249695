"""The sign-in page."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts import views
from accounts.models import Membership, Tenant
from tests.conftest import PASSWORD

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1:8000", True), ("[::1]:8000", True), ("localhost:8000", False), ("shop.test", False)]
)
def test_what_is_an_address(host: str, expected: bool) -> None:
    assert views.is_address(host) is expected


@pytest.mark.django_db
def test_passkeys_are_offered_only_where_browsers_take_them(client: Client, tenant: Tenant) -> None:
    offered = {host: client.get("/accounts/login/", headers={"host": host}).context["PASSKEY_LOGIN_ENABLED"] for host in HOSTS}
    assert offered == {"127.0.0.1": False, "shop.test": True}


@pytest.mark.django_db
def test_second_factors_offer_no_passkey_where_none_can_be_made(client: Client, platform_admin: Membership, tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    offered = {host: "webauthn" in client.get("/accounts/2fa/", headers={"host": host}).context["MFA_SUPPORTED_TYPES"] for host in HOSTS}
    assert offered == {"127.0.0.1": False, "shop.test": True}
    assert client.get("/accounts/2fa/webauthn/add/", headers={"host": "127.0.0.1"}).status_code == 404
    assert client.get("/accounts/2fa/webauthn/add/", headers={"host": "shop.test"}).status_code == 302, "the password is asked for first"


@pytest.mark.django_db
def test_second_factors_are_behind_the_sign_in(client: Client, tenant: Tenant) -> None:
    assert client.get("/accounts/2fa/", headers={"host": "shop.test"}).status_code == 302


HOSTS = ("127.0.0.1", "shop.test")


def signed_in(member: Membership) -> Client:
    browser = Client(HTTP_HOST="shop.test", HTTP_USER_AGENT=CHROME)
    EmailAddress.objects.get_or_create(user=member.user, email=member.user.email or "", defaults={"verified": True, "primary": True})
    browser.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
    return browser


@pytest.mark.django_db
def test_one_other_session_is_ended_and_nobody_elses(end_user: Membership, reseller_owner: Membership) -> None:
    phone, laptop, foreign = (signed_in(member) for member in (end_user, end_user, reseller_owner))
    page = laptop.get("/accounts/sessions/").content.decode()
    assert page.count("Chrome · Linux") == 2
    assert page.count("this one") == 1
    theirs, own, other = (UserSession.objects.get(session_key=client.session.session_key) for client in (foreign, laptop, phone))
    assert laptop.post(f"/accounts/sessions/{theirs.pk}/end/").status_code == 404
    # The one that asks is left by signing out.
    assert laptop.post(f"/accounts/sessions/{own.pk}/end/").headers["Location"] == "/accounts/sessions/"
    assert laptop.get("/console/").status_code == 200
    assert laptop.post(f"/accounts/sessions/{other.pk}/end/").status_code == 302
    assert phone.get("/console/").status_code == 302
    assert foreign.get("/console/").status_code == 200
    assert laptop.get(f"/accounts/sessions/{other.pk}/end/").status_code == 405
    assert Client(HTTP_HOST="shop.test").post(f"/accounts/sessions/{own.pk}/end/").headers["Location"].startswith("/accounts/login/")
