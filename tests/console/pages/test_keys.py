"""Sub-keys in the console: made once, shown once, revoked for good, invisible to strangers."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import limits

pytestmark = pytest.mark.django_db
HOST = "shop.test"


def nonce(client: Client) -> str:
    page = client.get("/console/keys/new/", HTTP_HOST=HOST).content.decode()
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def make(client: Client, **fields: str) -> str:
    response = client.post("/console/keys/new/", {"name": "phone", "nonce": nonce(client)} | fields, HTTP_HOST=HOST)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    found = re.search(r'id="new-key">(sk-[A-Za-z0-9]{48})<', response.content.decode())
    assert found is not None
    return found[1]


def test_a_new_key_is_shown_once_with_settings_to_paste(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    secret = make(client)
    key = ApiKey.objects.get(membership=end_user)
    assert key.digest == keys.digest(secret)
    listed = client.get("/console/keys/", HTTP_HOST=HOST).content.decode()
    assert secret not in listed
    assert f"{secret[:10]}…{secret[-4:]}" in listed


def test_reloading_the_answer_makes_no_second_key(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    form = {"name": "phone", "nonce": nonce(client)}
    assert client.post("/console/keys/new/", form, HTTP_HOST=HOST).status_code == 200
    again = client.post("/console/keys/new/", form, HTTP_HOST=HOST)
    assert again.status_code == 302
    assert ApiKey.objects.filter(membership=end_user).count() == 1


def test_a_lifetime_becomes_an_expiry(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    make(client, lifetime="7")
    key = ApiKey.objects.get(membership=end_user)
    assert key.expires_at is not None
    assert round((key.expires_at - key.created_at).total_seconds() / 86_400) == 7


def test_an_allowance_becomes_a_limit_and_is_listed(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    make(client, allowance="2.5")
    key = ApiKey.objects.get(membership=end_user)
    assert len(limits.budgets_of(key.pk)) == 1
    row = client.get("/console/keys/", HTTP_HOST=HOST).context["rows"][0]
    assert (row.used_micros, row.allowance_micros) == (0, 2_500_000)


def test_limits_a_day_and_a_month_are_set_and_listed(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    make(client, day="0.5", month="3")
    found = limits.state(ApiKey.objects.get(membership=end_user).pk)
    assert [(one.scope, one.limit_micros) for one in found.windows] == [("day", 500_000), ("month", 3_000_000)]
    page = client.get("/console/keys/", HTTP_HOST=HOST).content.decode()
    assert "$0.00 of $0.50 today" in page
    assert "$0.00 of $3.00 this month" in page


@pytest.mark.parametrize("allowance", ["0", "-1", "0.0000001", "x"])
def test_an_allowance_that_is_none_is_refused(client: Client, end_user: Membership, allowance: str) -> None:
    client.force_login(end_user.user)
    response = client.post("/console/keys/new/", {"name": "phone", "nonce": nonce(client), "allowance": allowance}, HTTP_HOST=HOST)
    assert response.status_code == 422
    assert ApiKey.objects.count() == 0


def test_a_key_without_a_name_is_refused(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    response = client.post("/console/keys/new/", {"nonce": nonce(client)}, HTTP_HOST=HOST)
    assert response.status_code == 422
    assert ApiKey.objects.count() == 0


def test_the_owner_revokes_a_key(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    key = keys.issue(membership=end_user, name="old").key
    client.post(f"/console/keys/{key.pk}/revoke/", HTTP_HOST=HOST)
    key.refresh_from_db()
    assert key.state == ApiKey.State.REVOKED


def test_nobody_else_reaches_the_key(client: Client, end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    key = keys.issue(membership=end_user, name="mine").key
    for other in (reseller_owner, stranger):
        client.force_login(other.user)
        assert client.post(f"/console/keys/{key.pk}/revoke/", HTTP_HOST=HOST).status_code == 404
    key.refresh_from_db()
    assert key.state == ApiKey.State.ACTIVE
