"""Cloudflare asks where a tenant wants it: a verdict is asked for once and in time, and the built-in check stands in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from accounts import people, tenants, turnstile
from accounts.models import Tenant, Turnstile
from foundation import puzzles, vault
from tests.doubles.turnstile import Siteverify

pytestmark = pytest.mark.django_db
PASSPHRASE = "a long pass phrase"
SHOP = {"host": "shop.test"}


@pytest.fixture
def cloudflare(settings: Settings) -> Iterator[Siteverify]:
    with Siteverify() as service:
        settings.TURNSTILE_URL = f"{service.url}/turnstile/v0/siteverify"
        yield service


@pytest.fixture
def row(tenant: Tenant, cloudflare: Siteverify) -> Turnstile:
    cache.clear()
    Tenant.objects.filter(pk=tenant.pk).update(captcha="always")
    tenants.join(tenant=tenant, user=people.add(email="ann@shop.test", password=PASSPHRASE))
    return Turnstile.objects.create(tenant=tenant, site_key="0x4AAA-site", sealed=turnstile.seal(cloudflare.secret))


def digits() -> dict[str, str]:
    token = puzzles.digits()
    return {"human_token": token, "human_digits": vault.unseal(token, context="puzzle").rpartition(":")[2]}


def sign_in(client: Client, **more: str) -> str:
    values = {"login": "ann@shop.test", "password": PASSPHRASE, **more}
    return client.post("/accounts/login/", values, headers=SHOP).content.decode()


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_token_is_good_once_and_goes_with_the_visitors_address(row: Turnstile, cloudflare: Siteverify) -> None:
    token = cloudflare.give()
    assert turnstile.is_human(row, token=token, address="203.0.113.7")
    assert not turnstile.is_human(row, token=token, address="203.0.113.7")
    assert not turnstile.is_human(row, token="made up")
    asked = len(cloudflare.asked)
    assert not turnstile.is_human(row, token="")
    assert not turnstile.is_human(row, token="x" * 3000)
    assert len(cloudflare.asked) == asked
    assert cloudflare.asked[0].form == {"secret": "0x4AAA-secret", "response": token, "remoteip": "203.0.113.7"}


def test_only_pages_that_ask_name_cloudflare(row: Turnstile, client: Client) -> None:
    page = client.get("/accounts/login/", headers=SHOP)
    policy = page["Content-Security-Policy"]
    assert "script-src 'self' https://challenges.cloudflare.com;" in policy
    assert "frame-src https://challenges.cloudflare.com" in policy
    assert 'data-sitekey="0x4AAA-site"' in page.content.decode()
    assert "0x4AAA-secret" not in page.content.decode()
    for path, host in (("/shop/", "shop.test"), ("/accounts/login/", "platform.test")):
        assert "cloudflare" not in client.get(path, headers={"host": host})["Content-Security-Policy"]


def test_its_verdict_opens_the_door_and_work_alone_does_not(row: Turnstile, cloudflare: Siteverify, client: Client) -> None:
    assert "data-turnstile" in sign_in(client)
    sign_in(client, human_turnstile="made up")
    assert not is_in(client)
    sign_in(client, human_turnstile=cloudflare.give())
    assert is_in(client)


def test_without_javascript_the_digits_are_read(row: Turnstile, cloudflare: Siteverify, client: Client) -> None:
    sign_in(client, **digits())
    assert is_in(client)
    assert cloudflare.asked == []


def test_on_top_both_are_wanted(row: Turnstile, cloudflare: Siteverify, client: Client) -> None:
    Turnstile.objects.update(mode="both")
    sign_in(client, human_turnstile=cloudflare.give())
    sign_in(client, **digits())
    assert not is_in(client)
    sign_in(client, human_turnstile=cloudflare.give(), **digits())
    assert is_in(client)


@pytest.mark.parametrize("trouble", ["hangs", "gone", "wrong secret"])
def test_the_built_in_check_stands_in_while_there_is_no_verdict(
    row: Turnstile, cloudflare: Siteverify, client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(turnstile, "TIMEOUT_SECONDS", 0.3)
    if trouble == "hangs":
        cloudflare.hangs_seconds = 1.0
    elif trouble == "gone":
        settings.TURNSTILE_URL = "http://127.0.0.1:9/siteverify"
    else:
        cloudflare.secret = "another"
    page = sign_in(client, human_turnstile="0.token")
    assert "data-turnstile" not in page
    assert "data-work" in page
    assert not is_in(client)
    row.refresh_from_db()
    assert row.failure
    assert cloudflare.secret not in row.failure
    shown = client.get("/accounts/login/", headers=SHOP)
    assert "cloudflare" not in shown["Content-Security-Policy"]
    asked = len(cloudflare.asked)
    sign_in(client, **digits())
    assert is_in(client)
    assert len(cloudflare.asked) == asked


def test_on_top_no_verdict_leaves_the_built_in_check(row: Turnstile, client: Client, settings: Settings) -> None:
    Turnstile.objects.update(mode="both")
    settings.TURNSTILE_URL = "http://127.0.0.1:9/siteverify"
    sign_in(client, human_turnstile="0.token", **digits())
    assert is_in(client)


def test_switched_off_it_is_not_asked(row: Turnstile, tenant: Tenant) -> None:
    assert turnstile.of(tenant) == row
    Turnstile.objects.update(is_active=False)
    assert turnstile.of(tenant) is None
