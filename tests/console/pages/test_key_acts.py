"""A member changes, rotates, pauses and revokes a key of their own; nobody else does."""

from __future__ import annotations

import datetime
import re

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import limits

pytestmark = pytest.mark.django_db
HOST = "shop.test"
ACTS = ("edit", "rotate", "pause", "revoke")


@pytest.fixture
def key(client: Client, end_user: Membership) -> ApiKey:
    client.force_login(end_user.user)
    return keys.issue(membership=end_user, name="phone", expires_at=timezone.now() + datetime.timedelta(days=3)).key


def post(client: Client, key: ApiKey, act: str, **fields: str) -> int:
    return client.post(f"/console/keys/{key.pk}/{act}/", fields, HTTP_HOST=HOST).status_code


def test_settings_are_changed_and_the_expiry_stays(client: Client, key: ApiKey) -> None:
    limits.set_allowance(api_key_id=key.pk, day_micros=1_500_000)
    page = client.get(f"/console/keys/{key.pk}/edit/", HTTP_HOST=HOST)
    assert page.context["form"]["day"].value() == "1.5"
    assert post(client, key, "edit", name="desk", lifetime="keep", day="", month="4", rpm="9") == 302
    before, after = key.expires_at, ApiKey.objects.get(pk=key.pk)
    assert (after.name, after.rpm, after.expires_at) == ("desk", 9, before)
    assert [(one.scope, one.limit_micros) for one in limits.state(key.pk).windows] == [("month", 4_000_000)]


def test_wrong_settings_change_nothing(client: Client, key: ApiKey) -> None:
    assert post(client, key, "edit", name="", lifetime="keep") == 422
    assert ApiKey.objects.get(pk=key.pk).name == "phone"


def test_a_rotation_shows_the_new_secret_once(client: Client, key: ApiKey) -> None:
    page = client.get(f"/console/keys/{key.pk}/rotate/", HTTP_HOST=HOST)
    fields = {"overlap": "24", "nonce": page.context["form"]["nonce"].value()}
    answer = client.post(f"/console/keys/{key.pk}/rotate/", fields, HTTP_HOST=HOST)
    found = re.search(r'id="new-key">\s*(sk-[A-Za-z0-9]{48})\s*<', answer.content.decode())
    assert found is not None
    row = ApiKey.objects.get(pk=key.pk)
    assert (row.digest, row.previous_digest) == (keys.digest(found[1]), key.digest)
    assert post(client, key, "rotate", **fields) == 302
    assert ApiKey.objects.get(pk=key.pk).digest == row.digest


def test_a_key_is_paused_and_goes_on(client: Client, key: ApiKey) -> None:
    assert post(client, key, "pause") == 302
    assert ApiKey.objects.get(pk=key.pk).state == ApiKey.State.DISABLED
    assert post(client, key, "pause") == 302
    assert ApiKey.objects.get(pk=key.pk).state == ApiKey.State.ACTIVE


def test_a_revoked_key_is_not_changed_any_more(client: Client, key: ApiKey) -> None:
    assert post(client, key, "revoke") == 302
    assert ApiKey.objects.get(pk=key.pk).state == ApiKey.State.REVOKED
    assert [post(client, key, act) for act in ("edit", "rotate", "pause")] == [404, 404, 404]


def test_nobody_else_reaches_the_key(client: Client, key: ApiKey, reseller_owner: Membership, stranger: Membership) -> None:
    for other in (reseller_owner, stranger):
        client.force_login(other.user)
        assert [post(client, key, act) for act in ACTS] == [404] * 4
    assert ApiKey.objects.get(pk=key.pk).state == ApiKey.State.ACTIVE
