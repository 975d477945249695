"""Access tokens over the API: one's own, shown once, never more than the token that makes them."""

from __future__ import annotations

import datetime

import pytest
from django.test import Client
from django.utils import timezone

from accounts import access_tokens
from accounts.models import AccessToken, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def status_of(secret: str) -> int:
    return Client().get("/api/v1/me/", headers={"host": "shop.test", "authorization": f"Bearer {secret}"}).status_code


def test_a_token_is_made_used_and_revoked(end_user: Membership) -> None:
    call = program(end_user)
    status, made = call("POST", "tokens/", {"name": "laptop", "scopes": ["account:read", "keys:read"]})
    assert (status, made["scopes"], status_of(made["secret"])) == (201, ["account:read", "keys:read"], 200)
    assert "secret" not in call("GET", f"tokens/{made['id']}/")[1]
    status, told = call("POST", f"tokens/{made['id']}/revoke/")
    assert (status, told["revoked_at"] is not None, status_of(made["secret"])) == (200, True, 401)


def test_a_token_makes_none_that_may_more(end_user: Membership) -> None:
    call = program(end_user, scopes=("tokens:write", "keys:read"))
    status, told = call("POST", "tokens/", {"name": "x", "scopes": ["keys:read", "keys:write"]})
    assert (status, list(told["error"]["fields"])) == (409, ["scopes"])
    assert "keys:write" in told["error"]["message"]
    assert call("POST", "tokens/", {"name": "x", "scopes": ["nonsense"]})[0] == 400
    assert call("GET", "tokens/")[0] == 403


def test_a_token_makes_none_that_outlives_it(end_user: Membership) -> None:
    end = timezone.now() + datetime.timedelta(days=1)
    secret = access_tokens.issue(membership=end_user, name="t", scopes=["tokens:write", "keys:read"], expires_at=end).secret

    def make(**more: str) -> int:
        body = {"name": "x", "scopes": ["keys:read"], **more}
        headers = {"host": "shop.test", "authorization": f"Bearer {secret}"}
        return Client().post("/api/v1/tokens/", body, content_type="application/json", headers=headers).status_code

    assert make(expires_at=(end + datetime.timedelta(seconds=1)).isoformat()) == 409
    assert make(expires_at="2020-01-01T00:00:00Z") == 409
    assert make() == 201
    assert AccessToken.objects.latest("pk").expires_at == end


def test_neither_customers_nor_staff_see_anothers_tokens(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    theirs = access_tokens.issue(membership=end_user, name="ann's", scopes=["keys:read"]).token
    for member, host in ((reseller_owner, "shop.test"), (stranger, "elsewhere.test")):
        call = program(member, host=host)
        assert theirs.pk not in [one["id"] for one in call("GET", "tokens/")[1]["results"]]
        assert [call(method, f"tokens/{theirs.pk}/{act}")[0] for method, act in (("GET", ""), ("POST", "revoke/"))] == [404, 404]
