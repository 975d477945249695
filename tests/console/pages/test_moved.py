"""Old bookmarks of one-api and new-api."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, Tenant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/login", "/accounts/login/"),
        ("/register?aff=abcd", "/accounts/signup/?aff=abcd"),
        ("/topup/", "/redeem/"),
        ("/token", "/console/keys/"),
        ("/panel/log", "/console/calls/"),
    ],
)
def test_an_old_address_leads_to_the_page(client: Client, root_tenant: Tenant, old: str, new: str) -> None:
    response = client.get(old, HTTP_HOST="platform.test")
    assert (response.status_code, response.headers["location"]) == (302, new)


def test_pages_of_members_ask_who_it_is(client: Client, tenant: Tenant, end_user: Membership) -> None:
    assert client.get("/console/token", HTTP_HOST="shop.test").headers["location"].startswith("/accounts/login/")
    client.force_login(end_user.user)
    assert client.get("/console/token", HTTP_HOST="shop.test").headers["location"] == "/console/keys/"


def test_nothing_is_posted_to_an_old_address(client: Client, root_tenant: Tenant) -> None:
    assert client.post("/login", HTTP_HOST="platform.test").status_code == 405
