"""A key's usage is shown to whoever holds it, in whatever state but revoked, at its own shop, and never by its address."""

from __future__ import annotations

import datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import Membership
from billing import limits
from console.pages import key_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


def ask(client: Client, secret: str, host: str = "shop.test") -> tuple[int, str]:
    answer = client.post("/key/", {"key": secret}, HTTP_HOST=host)
    assert "no-store" in answer.headers["Cache-Control"]
    text = answer.content.decode()
    assert not secret or secret not in text
    return answer.status_code, text


def test_an_exhausted_and_expired_key_still_shows_its_usage(client: Client, end_user: Membership) -> None:
    issued = keys.issue(membership=end_user, name="phone", expires_at=timezone.now() - datetime.timedelta(days=1))
    budget = limits.set_allowance(api_key_id=issued.key.pk, total_micros=500_000)
    type(budget).objects.filter(pk=budget.pk).update(total_used=500_000)
    status, page = ask(client, issued.secret)
    assert status == 200
    assert "phone" in page
    assert "expired" in page
    assert "$0.50 of $0.50 is spent." in page


def test_it_is_shown_at_its_shop_and_on_the_platform_only(client: Client, end_user: Membership, stranger: Membership) -> None:
    secret = keys.issue(membership=end_user, name="phone").secret
    assert ask(client, secret)[0] == 200
    assert ask(client, secret, "platform.test")[0] == 200
    assert ask(client, secret, "elsewhere.test")[0] == 422


def test_a_revoked_and_an_unknown_key_are_told_alike(client: Client, end_user: Membership) -> None:
    issued = keys.issue(membership=end_user, name="phone")
    keys.revoke(key=issued.key)
    for secret in (issued.secret, "sk-nothing"):
        status, page = ask(client, secret)
        assert status == 422
        assert "This key is not known here." in page
        assert "phone" not in page


def test_trying_keys_is_slowed_down(client: Client, end_user: Membership) -> None:
    for _ in range(key_status.TRIES_A_MINUTE):
        assert ask(client, "sk-nothing")[0] == 422
    assert ask(client, keys.issue(membership=end_user, name="phone").secret)[0] == 429


def test_a_secret_in_the_address_is_not_read(client: Client, end_user: Membership) -> None:
    issued = keys.issue(membership=end_user, name="phone")
    assert "phone" not in client.get(f"/key/?key={issued.secret}", HTTP_HOST="shop.test").content.decode()
