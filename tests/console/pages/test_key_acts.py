"""A member changes, rotates, pauses and revokes a key of their own; nobody else does."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, Membership, Tenant
from billing import limits, rates

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


def test_limits_are_read_and_shown_in_points(client: Client, key: ApiKey) -> None:
    Tenant.objects.filter(pk=key.tenant_id).update(quota_unit="points")
    limits.set_allowance(api_key_id=key.pk, day_micros=1_500_001)
    page = client.get(f"/console/keys/{key.pk}/edit/", HTTP_HOST=HOST)
    text = page.content.decode()
    assert page.context["form"]["day"].value() == "750000.5"
    assert ("Points a day" in text, "Allowance in points" in text, "US dollars" in text) == (True, True, False)
    assert post(client, key, "edit", name="desk", lifetime="keep", day="750000.5", month="4") == 302
    assert _limits(key) == {"day": 1_500_001, "month": 8}
    assert "of 750,000.5 points" in client.get("/console/keys/", HTTP_HOST=HOST).content.decode()


def test_a_limit_that_still_shows_what_it_is_keeps_every_micro_dollar(client: Client, key: ApiKey) -> None:
    Tenant.objects.filter(pk=key.tenant_id).update(quota_unit="currency")
    rates.put(base="USD", quote="CNY", rate=Decimal("7.2"))
    limits.set_allowance(api_key_id=key.pk, day_micros=1_500_001, week_micros=7_000_001)
    form = client.get(f"/console/keys/{key.pk}/edit/", HTTP_HOST=HOST).context["form"]
    assert [form[name].value() for name in ("day", "week")] == ["10.800007", "50.400007"]
    hidden = {f"initial-{name}": form[name].value() for name in ("day", "week")}
    assert hidden["initial-day"] in str(form["day"])
    # Another rate while the form was open, and a week that was changed.
    rates.put(base="USD", quote="CNY", rate=Decimal("8"))
    typed = {"name": "desk", "lifetime": "keep", "day": "10.800007", "week": "8"} | hidden
    assert post(client, key, "edit", **typed) == 302
    assert _limits(key) == {"day": 1_500_001, "week": 1_000_000}


@pytest.mark.parametrize(("unit", "typed", "least"), [("points", "0.4", "0.5 points"), ("usd", "0", "$0.000001")])
def test_an_amount_that_is_none_is_refused_in_the_unit(client: Client, key: ApiKey, unit: str, typed: str, least: str) -> None:
    Tenant.objects.filter(pk=key.tenant_id).update(quota_unit=unit)
    form = {"name": "desk", "lifetime": "keep", "day": typed}
    refused = client.post(f"/console/keys/{key.pk}/edit/", form, HTTP_HOST=HOST)
    assert (refused.status_code, f"Write an amount from {least} to " in refused.content.decode()) == (422, True)
    assert _limits(key) == {}


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


def _limits(key: ApiKey) -> dict[str, int]:
    return {one.scope: one.limit_micros for one in limits.state(key.pk).windows}
