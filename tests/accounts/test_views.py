"""The sign-in page."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import views
from accounts.models import Membership, Tenant


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
