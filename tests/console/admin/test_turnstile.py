"""A shop switches Cloudflare's check on: the secret is sealed, kept when the field is empty, and tried out."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import turnstile
from accounts.models import AuditEvent, Tenant, Turnstile
from foundation import vault
from tests.doubles.turnstile import Siteverify

pytestmark = pytest.mark.django_db
LIST = "/reseller/accounts/turnstile/"
TYPED = {"site_key": "0x4AAA-site", "secret": "0x4AAA-secret", "mode": "instead", "is_active": "on"}


def test_the_secret_is_written_and_never_shown(desk: Client, tenant: Tenant) -> None:
    assert "needs one" in desk.post(f"{LIST}add/", TYPED | {"secret": ""}).content.decode()
    assert desk.post(f"{LIST}add/", TYPED).status_code == 302
    row = Turnstile.objects.get(tenant=tenant)
    assert vault.unseal(row.sealed, context="turnstile") == "0x4AAA-secret"
    assert "0x4AAA-secret" not in desk.get(f"{LIST}{row.pk}/change/").content.decode()
    desk.post(f"{LIST}{row.pk}/change/", TYPED | {"secret": "", "mode": "both"})
    row.refresh_from_db()
    assert (row.mode, vault.unseal(row.sealed, context="turnstile")) == ("both", "0x4AAA-secret")
    desk.post(f"{LIST}{row.pk}/change/", TYPED | {"secret": "new"})
    row.refresh_from_db()
    assert vault.unseal(row.sealed, context="turnstile") == "new"
    assert "sealed" not in str(list(AuditEvent.objects.values_list("before", "after")))
    assert desk.get(f"{LIST}add/").status_code == 403


def test_a_button_tells_whether_cloudflare_knows_the_secret(desk: Client, tenant: Tenant, settings: Settings) -> None:
    row = Turnstile.objects.create(tenant=tenant, site_key="x", sealed=turnstile.seal("0x4AAA-secret"), failure="no answer")
    with Siteverify() as service:
        settings.TURNSTILE_URL = service.url
        service.secret = "another"
        assert "invalid-input-secret" in desk.get(f"{LIST}{row.pk}/try_out/", follow=True).content.decode()
        service.secret = "0x4AAA-secret"
        assert "knows this secret" in desk.get(f"{LIST}{row.pk}/try_out/", follow=True).content.decode()
    assert Turnstile.objects.get().failure == ""
