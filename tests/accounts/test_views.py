"""The sign-in page."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import views
from accounts.models import Tenant


@pytest.mark.parametrize(
    ("host", "expected"), [("127.0.0.1:8000", True), ("[::1]:8000", True), ("localhost:8000", False), ("shop.test", False)]
)
def test_what_is_an_address(host: str, expected: bool) -> None:
    assert views.is_address(host) is expected


@pytest.mark.django_db
def test_passkeys_are_offered_only_where_browsers_take_them(client: Client, tenant: Tenant) -> None:
    offered = {host: client.get("/accounts/login/", headers={"host": host}).context["PASSKEY_LOGIN_ENABLED"] for host in HOSTS}
    assert offered == {"127.0.0.1": False, "shop.test": True}


HOSTS = ("127.0.0.1", "shop.test")
