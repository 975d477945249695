"""Many keys at once: issued with one file of secrets, changed, paused and rotated, each with its line in the trail."""

from __future__ import annotations

import csv
import io

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, AuditEvent, Membership
from billing import limits

pytestmark = pytest.mark.django_db

LIST = "/reseller/accounts/apikey/"
MANY = f"{LIST}issue_many/"


def many(desk: Client, owner: object, **fields: str) -> list[dict[str, str]]:
    form = {"membership": str(owner), "count": "3", "name": "seat", **fields}
    answer = desk.post(MANY, form)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "no-store" in answer.headers["Cache-Control"]
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_many_keys_leave_in_one_file_and_work(desk: Client, end_user: Membership) -> None:
    rows = many(desk, end_user.pk, day_micros="0.5", rpm="60", tags="school, 2026", days="30", models="a")
    found = list(ApiKey.objects.order_by("pk"))
    assert [row["name"] for row in rows] == ["seat 1", "seat 2", "seat 3"] == [key.name for key in found]
    assert [keys.digest(row["key"]) for row in rows] == [key.digest for key in found]
    assert {(key.rpm, tuple(key.tags), tuple(key.models_allowed)) for key in found} == {(60, ("school", "2026"), ("a",))}
    assert all(key.expires_at is not None for key in found)
    assert [limits.state(key.pk).of("day").limit_micros for key in found] == [500_000] * 3  # type: ignore[union-attr]  # set above
    event = AuditEvent.objects.get()
    assert (event.action, event.after["count"], event.after["day_micros"]) == ("apikey.issue_many", 3, 500_000)
    assert not any(row["key"] in str(event.after) for row in rows)
    assert desk.get(f"{LIST}?q=school").context["cl"].result_count == 3


def test_the_owner_may_be_named_by_address(desk: Client, end_user: Membership) -> None:
    many(desk, "Ann@shop.test")
    assert {key.membership_id for key in ApiKey.objects.all()} == {end_user.pk}


def test_nobody_elses_customer_gets_keys(desk: Client, end_user: Membership, stranger: Membership) -> None:
    for owner in (stranger.pk, stranger.user.email, ""):
        answer = desk.post(MANY, {"membership": str(owner), "count": "3", "name": "seat"})
        assert list(answer.context["form"].errors) == ["membership"]
    assert desk.post(MANY, {"membership": str(end_user.pk), "count": "1001", "name": "seat"}).context["form"].errors
    assert not ApiKey.objects.exists()


def test_support_may_not_issue(client: Client, end_user: Membership, reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role="support")
    client.force_login(reseller_owner.user)
    assert client.post(MANY, {"membership": str(end_user.pk), "count": "3", "name": "seat"}, HTTP_HOST="shop.test").status_code == 403


def select(desk: Client, action: str, found: list[ApiKey], **fields: str) -> int:
    return desk.post(LIST, {"action": action, ACTION_CHECKBOX_NAME: [key.pk for key in found], **fields}).status_code


def test_limits_of_a_selection_change_and_the_rest_stays(desk: Client, end_user: Membership) -> None:
    found = [keys.issue(membership=end_user, name=f"{n}", rpm=5, tpm=7).key for n in range(2)]
    limits.set_allowance(api_key_id=found[0].pk, day_micros=1_000_000)
    asked = desk.post(LIST, {"action": "change_limits", ACTION_CHECKBOX_NAME: [key.pk for key in found]})
    assert f'name="{ACTION_CHECKBOX_NAME}" value="{found[0].pk}"' in asked.content.decode()
    assert select(desk, "change_limits", found, is_confirmed="1", rpm="9", month_micros="3") == 302
    rows = list(ApiKey.objects.order_by("pk"))
    assert [(key.rpm, key.tpm) for key in rows] == [(9, 7), (9, 7)]
    assert [[(one.scope, one.limit_micros) for one in limits.state(key.pk).windows] for key in rows] == [
        [("day", 1_000_000), ("month", 3_000_000)],
        [("month", 3_000_000)],
    ]
    event = AuditEvent.objects.filter(target=f"accounts.apikey:{rows[0].pk}").get()
    assert (event.before, event.after) == ({"rpm": 5, "month_micros": None}, {"rpm": 9, "month_micros": 3_000_000})


def test_empty_limits_go_when_that_is_ticked(desk: Client, end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="one", rpm=5).key
    limits.set_allowance(api_key_id=key.pk, day_micros=1_000_000)
    assert select(desk, "change_limits", [key], is_confirmed="1", is_whole="on") == 302
    assert ApiKey.objects.get().rpm is None
    assert limits.state(key.pk).windows == ()


def test_a_selection_is_paused_and_goes_on_but_revoked_keys_stay_revoked(desk: Client, end_user: Membership) -> None:
    live, dead = (keys.issue(membership=end_user, name=name).key for name in ("live", "dead"))
    keys.revoke(key=dead)
    select(desk, "pause", [live, dead])
    assert [key.state for key in ApiKey.objects.order_by("pk")] == ["disabled", "revoked"]
    select(desk, "unpause", [live, dead])
    assert [key.state for key in ApiKey.objects.order_by("pk")] == ["active", "revoked"]


def test_a_rotation_shows_the_new_secret_once(desk: Client, end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="one").key
    answer = desk.post(f"{LIST}{key.pk}/rotate/", {"hours": "1"})
    secret = answer.context["boxes"][0].text
    row = ApiKey.objects.get()
    assert (row.digest, row.previous_digest) == (keys.digest(secret), key.digest)
    event = AuditEvent.objects.get()
    assert event.action == "apikey.rotate"
    assert not {"digest", "previous_digest"} & set(event.after)
