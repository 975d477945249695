"""Sign-in services and mail servers over the API: secrets go in and never come out."""

from __future__ import annotations

import json

import pytest

from accounts import social
from accounts.models import AuditEvent, MailServer, Membership, SignInApp
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db
SECRET = "a-very-secret-secret"


def said(*answers: object) -> str:
    return json.dumps([*answers, *AuditEvent.objects.values("before", "after")])


def test_a_sign_in_app_keeps_its_secret(reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    body = {"provider": "github", "name": "GitHub", "client_id": "id-1", "client_secret": SECRET}
    status, made = call("POST", "sign-in-apps/", body)
    assert (status, made["callback"], made["client_id"]) == (201, "/accounts/github/login/callback/", "id-1")
    path = f"sign-in-apps/{made['id']}/"
    changed = call("PATCH", path, {"client_id": "id-2"})[1]
    assert changed["client_id"] == "id-2"
    [app] = social.usable(SignInApp.objects.all(), tenant=reseller_owner.tenant)
    assert (app.secret, app.client_id) == (SECRET, "id-2")
    assert SECRET not in said(made, changed)
    assert call("POST", "sign-in-apps/", body)[1]["error"]["fields"].keys() == {"provider"}
    inside = {**body, "provider": "openid_connect", "server_url": "https://127.0.0.1/"}
    assert call("POST", "sign-in-apps/", inside)[1]["error"]["fields"].keys() == {"server_url"}
    assert call("POST", "sign-in-apps/", {**body, "provider": "google", "client_secret": ""})[1]["error"]["fields"].keys() == {
        "client_secret"
    }
    theirs = SignInApp.objects.create(provider="github", name="t", client_id="t", settings={"tenant": stranger.tenant_id})
    assert [call(verb, f"sign-in-apps/{theirs.pk}/", {})[0] for verb in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert (call("DELETE", path)[0], [one.pk for one in SignInApp.objects.all()]) == (204, [theirs.pk])


def test_a_mail_server_keeps_its_password_for_itself_alone(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    body = {"sender": "shop@shop.example", "host": "8.8.8.8", "username": "shop", "password": SECRET}
    status, made = call("POST", "mail-servers/", body)
    assert (status, made["has_password"], made["port"], made["security"]) == (201, True, 587, "starttls")
    path = f"mail-servers/{made['id']}/"
    assert call("PATCH", path, {"sender": "hello@shop.example"})[1]["sender"] == "hello@shop.example"
    assert call("PATCH", path, {"host": "1.1.1.1"})[1]["error"]["fields"].keys() == {"password"}
    assert (MailServer.objects.get().host, call("PATCH", path, {"host": "1.1.1.1", "password": SECRET})[1]["host"]) == (
        "8.8.8.8", "1.1.1.1",
    )  # fmt: skip
    assert call("PATCH", path, {"host": "127.0.0.1", "password": SECRET})[1]["error"]["fields"].keys() == {"host"}
    assert call("POST", "mail-servers/", body)[0] == 409
    assert SECRET not in said(call("GET", path))
