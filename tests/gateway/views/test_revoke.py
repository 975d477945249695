"""Who holds a sub-key ends it: at once, for good, and only it."""

from __future__ import annotations

import datetime
import time

import pytest
from django.utils import timezone

from accounts import keys, tenants
from accounts.models import ApiKey
from tests.gateway.conftest import HELLO, Caller
from tests.gateway.live import LiveRelay

SECONDS_TO_REFUSE = 1.0


def revoke(relay: LiveRelay, secret: str) -> tuple[int, dict[str, object]]:
    answer = relay.http.post("/v1/key/revoke", headers={"authorization": f"Bearer {secret}"})
    return answer.status_code, answer.json()


def test_a_revoked_key_is_refused_within_a_second(relay: LiveRelay, caller: Caller) -> None:
    assert relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO).status_code == 200
    assert revoke(relay, caller.secret) == (200, {"object": "key.revoked", "prefix": caller.key.prefix, "revoked": "key"})
    limit = time.monotonic() + SECONDS_TO_REFUSE
    while relay.http.get("/v1/models", headers=caller.headers).status_code == 200:
        assert time.monotonic() < limit
    assert ApiKey.objects.get(pk=caller.key.pk).state == ApiKey.State.REVOKED
    assert revoke(relay, caller.secret)[0] == 401


def test_expired_paused_and_foreign_networks_do_not_keep_a_key_from_being_ended(relay: LiveRelay, caller: Caller) -> None:
    past = timezone.now() - datetime.timedelta(days=1)
    expired = keys.issue(membership=caller.membership, name="expired", expires_at=past, networks=["203.0.113.0/24"])
    paused = keys.issue(membership=caller.membership, name="paused")
    keys.pause(key=paused.key, is_paused=True)
    assert [revoke(relay, one.secret)[0] for one in (expired, paused)] == [200, 200]


def test_the_secret_from_before_a_rotation_ends_alone(relay: LiveRelay, caller: Caller) -> None:
    new = keys.rotate(key=caller.key, overlap=datetime.timedelta(hours=1))
    assert revoke(relay, caller.secret)[1]["revoked"] == "old secret"
    row = ApiKey.objects.get(pk=caller.key.pk)
    assert (row.state, row.previous_digest) == (ApiKey.State.ACTIVE, None)
    assert relay.http.get("/v1/models", headers={"authorization": f"Bearer {new.secret}"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer sk-unknown"}])
def test_nothing_is_ended_without_a_known_key(relay: LiveRelay, caller: Caller, headers: dict[str, str]) -> None:
    assert relay.http.post("/v1/key/revoke", headers=headers).status_code == 401
    assert relay.http.get("/v1/key/revoke", headers=caller.headers).status_code == 405


def test_a_key_of_another_shop_is_unknown_on_our_host(relay: LiveRelay, caller: Caller) -> None:
    tenants.open_tenant(slug="other", name="Other", domain="other.test")
    headers = {**caller.headers, "host": "other.test"}
    assert relay.http.post("/v1/key/revoke", headers=headers).status_code == 401
    assert ApiKey.objects.get(pk=caller.key.pk).state == ApiKey.State.ACTIVE
