"""Sub-keys in the console: made once, shown once, revoked for good, invisible to strangers."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import limits
from console.pages import rows

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


def test_every_setting_of_the_form_is_kept(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    make(
        client,
        five_hours="0.2",
        week="2",
        rpm="30",
        tpm="9000",
        concurrency="3",
        networks="203.0.113.0/24, 2001:db8::/32",
        aliases="claude-haiku-* = m, gpt-4o-mini=m",
        tags="home, bot",
    )
    key = ApiKey.objects.get(membership=end_user)
    assert (key.rpm, key.tpm, key.concurrency) == (30, 9000, 3)
    assert key.model_aliases == ["claude-haiku-*=m", "gpt-4o-mini=m"]
    assert (key.networks_allowed, key.tags) == (["203.0.113.0/24", "2001:db8::/32"], ["home", "bot"])
    assert [(one.scope, one.limit_micros) for one in limits.state(key.pk).windows] == [("5h", 200_000), ("week", 2_000_000)]


def test_a_network_that_is_none_is_refused(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    form = {"name": "phone", "nonce": nonce(client), "networks": "home"}
    assert client.post("/console/keys/new/", form, HTTP_HOST=HOST).status_code == 422
    assert client.post("/console/keys/new/", {**form, "networks": "", "aliases": "haiku"}, HTTP_HOST=HOST).status_code == 422


def test_the_list_is_searched_and_paged(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    for number in range(rows.KEYS_A_PAGE + 1):
        keys.issue(membership=end_user, name=f"key {number}", tags=["first"] if number == 0 else [])
    first = client.get("/console/keys/", HTTP_HOST=HOST)
    assert len(first.context["rows"]) == rows.KEYS_A_PAGE
    rest = client.get(f"/console/keys/{first.context['older']}", HTTP_HOST=HOST)
    assert [row.key.name for row in rest.context["rows"]] == ["key 0"]
    assert [row.key.name for row in client.get("/console/keys/?q=first", HTTP_HOST=HOST).context["rows"]] == ["key 0"]
    assert client.get("/console/keys/?state=revoked", HTTP_HOST=HOST).context["rows"] == []


def test_the_page_of_a_key_says_why_it_is_cut_off(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    key = keys.issue(membership=end_user, name="phone").key
    budget = limits.set_allowance(api_key_id=key.pk, total_micros=500_000, day_micros=900_000)
    page = client.get(f"/console/keys/{key.pk}/", HTTP_HOST=HOST).content.decode()
    assert "This key is cut off" not in page
    type(budget).objects.filter(pk=budget.pk).update(total_used=499_000)
    page = client.get(f"/console/keys/{key.pk}/", HTTP_HOST=HOST).content.decode()
    assert "$0.001 of $0.50 is left." in page
    assert "This key is cut off" not in page
    type(budget).objects.filter(pk=budget.pk).update(total_used=500_000)
    page = client.get(f"/console/keys/{key.pk}/", HTTP_HOST=HOST).content.decode()
    assert "This key is cut off" in page
    assert "$0.50 of $0.50 is spent." in page
    assert "429 insufficient_quota" in page


def test_strangers_and_staff_find_no_page_of_the_key(
    client: Client, end_user: Membership, reseller_owner: Membership, stranger: Membership
) -> None:
    key = keys.issue(membership=end_user, name="mine").key
    for other in (reseller_owner, stranger):
        client.force_login(other.user)
        assert client.get(f"/console/keys/{key.pk}/", HTTP_HOST=HOST).status_code == 404
