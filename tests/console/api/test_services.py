"""Sign-in services, mail servers and Cloudflare's check over the API: secrets go in and never come out."""

from __future__ import annotations

import json

import pytest
from pytest_django import Settings

from accounts import social
from accounts.models import AuditEvent, MailServer, Membership, SignInApp, Turnstile
from foundation import vault
from tests.console.api.conftest import program
from tests.doubles.turnstile import Siteverify

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


def test_a_turnstile_keeps_its_secret_and_tells_whether_cloudflare_knows_it(
    reseller_owner: Membership, stranger: Membership, settings: Settings
) -> None:
    call = program(reseller_owner)
    body = {"site_key": "0x4AAA-site", "secret": "0x4AAA-secret", "mode": "both"}
    assert call("POST", "turnstiles/", {**body, "secret": ""})[1]["error"]["fields"].keys() == {"secret"}
    status, made = call("POST", "turnstiles/", body)
    assert (status, made["mode"], made["is_active"], made["site_key"]) == (201, "both", True, "0x4AAA-site")
    path = f"turnstiles/{made['id']}/"
    assert call("PATCH", path, {"is_active": False})[1]["is_active"] is False
    assert vault.unseal(Turnstile.objects.get().sealed, context="turnstile") == "0x4AAA-secret"
    with Siteverify() as service:
        settings.TURNSTILE_URL = service.url
        assert call("POST", f"{path}test/") == (200, {"ok": True, "message": ""})
        call("PATCH", path, {"secret": "0x4AAA-wrong"})
        assert call("POST", f"{path}test/") == (200, {"ok": False, "message": "invalid-input-secret"})
    assert call("POST", "turnstiles/", body)[0] == 409
    assert "0x4AAA-secret" not in said(made, call("GET", path))
    assert "0x4AAA-wrong" not in said(call("GET", "turnstiles/"))
    theirs = Turnstile.objects.create(tenant=stranger.tenant, site_key="t", sealed="t")
    assert [call(verb, f"turnstiles/{theirs.pk}/", {})[0] for verb in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert (call("DELETE", path)[0], Turnstile.objects.get()) == (204, theirs)
