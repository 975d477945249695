"""Access tokens in the console: made once, shown once, revoked, out of reach of others."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import access_tokens
from accounts.models import AccessToken, Membership
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
SHOP = {"host": "shop.test"}


def test_a_token_is_shown_once_and_works(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    nonce = client.get("/console/tokens/", headers=SHOP).context["form"]["nonce"].value()
    form = {"name": "script", "lifetime": "90", "scopes": ["keys:read", "account:read"], "nonce": nonce}
    page = client.post("/console/tokens/", form, headers=SHOP)
    found = re.search(r'id="new-token">\s*(kp_[\w-]{43})\s*<', page.content.decode())
    assert found is not None
    token = AccessToken.objects.get()
    assert (token.scopes, token.expires_at is not None) == (["account:read", "keys:read"], True)
    told = client.get("/api/v1/me/", headers=SHOP | {"authorization": f"Bearer {found[1]}"}).json()
    assert told["email"] == "ann@shop.test"
    assert found[1] not in client.get("/console/tokens/", headers=SHOP).content.decode()
    assert client.post("/console/tokens/", form, headers=SHOP).status_code == 302
    assert AccessToken.objects.count() == 1


def test_a_customer_is_offered_no_scope_of_staff(client: Client, end_user: Membership, reseller_owner: Membership) -> None:
    client.force_login(end_user.user)
    page = client.get("/console/tokens/", headers=SHOP)
    assert "customers:read" not in page.content.decode()
    form = {"name": "x", "scopes": ["customers:write"], "nonce": page.context["form"]["nonce"].value()}
    assert client.post("/console/tokens/", form, headers=SHOP).status_code == 422
    client.force_login(reseller_owner.user)
    text = client.get("/console/tokens/", headers=SHOP).content.decode()
    assert "customers:write" in text
    assert "tenants:write" not in text


def test_a_token_that_exports_codes_wants_the_password_again(client: Client, reseller_owner: Membership) -> None:
    client.force_login(reseller_owner.user)
    nonce = client.get("/console/tokens/", headers=SHOP).context["form"]["nonce"].value()
    form = {"name": "till", "scopes": ["codes:read", "codes:export"], "nonce": nonce}
    asked = client.post("/console/tokens/", form, headers=SHOP)
    assert (asked.status_code, asked["Location"].partition("?")[0]) == (302, "/accounts/reauthenticate/")
    assert not AccessToken.objects.exists()
    wrong = {"password": "not it", "next": "/console/tokens/"}
    assert client.post("/accounts/reauthenticate/", wrong, headers=SHOP).status_code == 200
    assert not AccessToken.objects.exists()
    made = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/console/tokens/"}, headers=SHOP)
    assert "kp_" in made.content.decode()
    assert AccessToken.objects.get().scopes == ["codes:export", "codes:read"]


def test_nobody_else_revokes_it(client: Client, end_user: Membership, stranger: Membership, reseller_owner: Membership) -> None:
    token = access_tokens.issue(membership=end_user, name="t", scopes=["keys:read"]).token
    for person in (stranger, reseller_owner):
        client.force_login(person.user)
        assert client.post(f"/console/tokens/{token.pk}/revoke/", headers=SHOP).status_code == 404
    client.force_login(end_user.user)
    assert client.post(f"/console/tokens/{token.pk}/revoke/", headers=SHOP).status_code == 302
    assert AccessToken.objects.get().revoked_at is not None
