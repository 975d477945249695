"""Issuing and revoking sub-keys in the back office."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, AuditEvent, Membership
from billing import limits

pytestmark = pytest.mark.django_db

ADD = "/reseller/accounts/apikey/add/"
LIST = "/reseller/accounts/apikey/"


def _form(membership: Membership, **more: object) -> dict[str, object]:
    return {"membership": membership.pk, "name": "laptop", "models_allowed": "", "networks_allowed": "", **more}


def test_the_secret_is_on_the_answer_once_and_works(desk: Client, end_user: Membership) -> None:
    answer = desk.post(ADD, _form(end_user, rpm="60", models_allowed="a,b"))
    key = ApiKey.objects.get()
    secret = next(box.text for box in answer.context["boxes"])
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert keys.digest(secret) == key.digest
    assert (key.tenant_id, key.membership_id, key.rpm, key.models_allowed) == (end_user.tenant_id, end_user.pk, 60, ["a", "b"])
    for page in (desk.get(LIST), desk.get(f"{LIST}{key.pk}/change/"), desk.get(f"{LIST}{key.pk}/history/")):
        assert page.status_code == 200
        assert secret not in page.content.decode()


def test_issuing_leaves_a_line_in_the_trail_without_the_secret(desk: Client, end_user: Membership, reseller_owner: Membership) -> None:
    secret = desk.post(ADD, _form(end_user)).context["boxes"][0].text
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.tenant) == ("apikey.issue", reseller_owner.user, end_user.tenant)
    assert event.target == f"accounts.apikey:{ApiKey.objects.get().pk}"
    assert secret not in str(event.after)
    assert "digest" not in event.after


def test_a_network_that_is_none_is_refused_in_the_form(desk: Client, end_user: Membership) -> None:
    answer = desk.post(ADD, _form(end_user, networks_allowed="10.0.0.0/8,nonsense"))
    assert list(answer.context["adminform"].form.errors) == ["networks_allowed"]
    assert not ApiKey.objects.exists()


def test_a_name_leads_only_to_a_model_that_the_key_may_call(desk: Client, end_user: Membership) -> None:
    answer = desk.post(ADD, _form(end_user, models_allowed="m", model_aliases="haiku=n"))
    assert list(answer.context["adminform"].form.errors) == ["model_aliases"]
    desk.post(ADD, _form(end_user, models_allowed="m", model_aliases="haiku = m"))
    assert ApiKey.objects.get().model_aliases == ["haiku=m"]


def test_revoking_refuses_the_key_and_is_in_the_trail(desk: Client, end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="old").key
    answer = desk.post(LIST, {"action": "revoke", "_selected_action": [key.pk]})
    key.refresh_from_db()
    assert answer.status_code == 302
    assert key.state == ApiKey.State.REVOKED
    event = AuditEvent.objects.get()
    assert (event.action, event.before["state"], event.after["state"]) == ("apikey.revoke", "active", "revoked")


def test_a_changed_limit_is_in_the_trail_with_what_it_was(desk: Client, end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="old", rpm=10).key
    answer = desk.post(f"{LIST}{key.pk}/change/", {"name": "old", "rpm": "20", "models_allowed": "", "networks_allowed": ""})
    assert answer.status_code == 302
    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == ("apikey.change", {"rpm": 10}, {"rpm": 20})


def test_allowances_are_set_with_the_key_and_kept_in_the_trail(desk: Client, end_user: Membership) -> None:
    answer = desk.post(ADD, _form(end_user, total_micros="2.5", day_micros="$0.10"))
    assert answer.status_code == 200
    found = limits.state(ApiKey.objects.get().pk)
    assert [(one.scope, one.limit_micros) for one in found.windows] == [("key", 2_500_000), ("day", 100_000)]
    event = AuditEvent.objects.get()
    assert (event.after["total_micros"], event.after["day_micros"]) == (2_500_000, 100_000)


def test_a_changed_allowance_takes_effect_and_is_in_the_trail(desk: Client, end_user: Membership) -> None:
    key = keys.issue(membership=end_user, name="old").key
    limits.set_allowance(api_key_id=key.pk, total_micros=1_000_000, day_micros=500_000)
    page = desk.get(f"{LIST}{key.pk}/change/")
    assert page.context["adminform"].form.initial["total_micros"] == 1_000_000
    assert "$0.00 of $0.50 today" in page.content.decode()
    form = {"name": "old", "models_allowed": "", "networks_allowed": "", "total_micros": "0.4", "day_micros": "0.50"}
    assert desk.post(f"{LIST}{key.pk}/change/", form).status_code == 302
    found = limits.state(key.pk)
    assert [(one.scope, one.limit_micros) for one in found.windows] == [("key", 400_000), ("day", 500_000)]
    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == ("apikey.limit", {"total_micros": 1_000_000}, {"total_micros": 400_000})


def test_an_allowance_that_is_no_amount_is_refused_in_the_form(desk: Client, end_user: Membership) -> None:
    answer = desk.post(ADD, _form(end_user, total_micros="much"))
    assert list(answer.context["adminform"].form.errors) == ["total_micros"]
    assert not ApiKey.objects.exists()
