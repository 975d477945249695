"""Who may call: every refusal of a key over real HTTP, and that none of them moves money."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import keys
from accounts.models import ApiKey, Membership, Tenant
from channels_app.models import Channel
from gateway.authentication import KeyAuthentication
from tests.gateway.conftest import HELLO, Caller, fund, lines
from tests.gateway.live import LiveRelay

CHAT = "/v1/chat/completions"
Change = Callable[[Caller], object]


def ask(relay: LiveRelay, secret: str, **headers: str) -> tuple[int, str | None]:
    response = relay.http.post(CHAT, headers={"authorization": f"Bearer {secret}", **headers}, json=HELLO)
    return response.status_code, response.json().get("error", {}).get("code")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer"},
        {"authorization": "Bearer undefined"},
        {"authorization": "Bearer null"},
        {"authorization": ""},
        {"authorization": "Basic YTo="},
    ],
)
def test_no_key_is_a_401(relay: LiveRelay, headers: dict[str, str]) -> None:
    response = relay.http.post(CHAT, headers=headers, json=HELLO)

    assert (response.status_code, response.json()["error"]["code"]) == (401, "missing_api_key")
    assert "www-authenticate" not in response.headers


@pytest.mark.parametrize("secret", ["sk-unknown", "x" * 5000, "sk-" + "a" * 48])
def test_an_unknown_key_is_a_401(relay: LiveRelay, secret: str) -> None:
    response = relay.http.post(CHAT, headers={"authorization": f"Bearer {secret}"}, json=HELLO)

    assert response.status_code == 401
    assert response.json()["error"]["code"] in {"invalid_api_key", "missing_api_key"}
    assert secret not in response.text


@pytest.mark.parametrize("name", ["x-api-key", "api-key", "x-goog-api-key", "authorization", "?key="])
def test_a_key_may_come_in_several_places(relay: LiveRelay, caller: Caller, name: str) -> None:
    in_query = name == "?key="
    headers = {} if in_query else {name: caller.secret}

    response = relay.http.post(CHAT, headers=headers, params={"key": caller.secret} if in_query else {}, json=HELLO)

    assert response.status_code == 200


def test_a_key_outlives_the_master_secret(caller: Caller, channel: Channel, settings: Settings) -> None:
    before, old = ApiKey.objects.get(pk=caller.key.pk).digest, settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 40, [old]

    with LiveRelay() as relay:
        assert [ask(relay, secret) for secret in (caller.secret, caller.secret, "sk-nobody")] == [
            (200, None), (200, None), (401, "invalid_api_key"),
        ]  # fmt: skip

    settings.SECRET_KEY_FALLBACKS = []
    assert ApiKey.objects.get(pk=caller.key.pk).digest != before
    assert keys.recognise(keys.digest(caller.secret)) is not None, "used once, it needs the older secret no more"


def test_the_scheme_may_be_written_anyhow(relay: LiveRelay, caller: Caller) -> None:
    assert relay.http.post(CHAT, headers={"authorization": f"bearer   {caller.secret}"}, json=HELLO).status_code == 200


def disable(caller: Caller) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(state=ApiKey.State.DISABLED)


def expire(caller: Caller) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(expires_at=timezone.now() - datetime.timedelta(seconds=1))


def suspend(caller: Caller) -> None:
    Tenant.objects.filter(pk=caller.membership.tenant_id).update(state=Tenant.State.SUSPENDED)


def dismiss(caller: Caller) -> None:
    type(caller.membership.user).objects.filter(pk=caller.membership.user_id).update(is_active=False)


def fence(caller: Caller) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(networks_allowed=["10.0.0.0/8"])


def narrow(caller: Caller) -> None:
    ApiKey.objects.filter(pk=caller.key.pk).update(models_allowed=["another"])


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (lambda caller: keys.revoke(key=caller.key), (401, "invalid_api_key")),
        (expire, (401, "expired_api_key")),
        (disable, (403, "key_disabled")),
        (dismiss, (403, "key_disabled")),
        (suspend, (403, "tenant_suspended")),
        (fence, (403, "ip_not_allowed")),
        (narrow, (403, "model_not_allowed")),
    ],
    ids=["revoked", "expired", "disabled", "person dismissed", "tenant suspended", "network", "model"],
)
def test_a_key_that_may_not_call_is_refused_and_nothing_moves(
    caller: Caller, relay: LiveRelay, change: Change, answer: tuple[int, str]
) -> None:
    assert ask(relay, caller.secret) == (200, None)
    before = len(lines(relay))

    change(caller)

    deadline = time.monotonic() + 2
    while (seen := ask(relay, caller.secret)) == (200, None) and time.monotonic() < deadline:
        before = len(lines(relay))
        time.sleep(0.02)
    assert seen == answer
    assert len(lines(relay)) == before


@pytest.mark.parametrize(("is_announced", "seconds"), [(True, 1.0), (False, 2.0)], ids=["over Redis", "by polling alone"])
def test_a_revoked_key_is_refused_soon(relay: LiveRelay, caller: Caller, is_announced: bool, seconds: float) -> None:
    assert ask(relay, caller.secret) == (200, None)
    began = time.monotonic()

    if is_announced:
        keys.revoke(key=caller.key)
    else:
        ApiKey.objects.filter(pk=caller.key.pk).update(state=ApiKey.State.REVOKED)

    while ask(relay, caller.secret) == (200, None):
        assert time.monotonic() - began < seconds
    assert time.monotonic() - began < seconds
    assert ask(relay, caller.secret) == (401, "invalid_api_key")


def test_a_key_that_was_unknown_works_as_soon_as_it_is_made(relay: LiveRelay, caller: Caller) -> None:
    secret = keys.make_secret()
    assert ask(relay, secret) == (401, "invalid_api_key")

    keys.issue(membership=caller.membership, name="late", secret=secret)

    deadline = time.monotonic() + 2
    while ask(relay, secret) != (200, None):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("host", "status"),
    [("shop.test", 200), ("platform.test", 200), ("elsewhere.test", 401), ("relay.internal:8000", 200), ("SHOP.test:443", 200)],
)
def test_a_key_is_unknown_on_another_tenants_host(caller: Caller, stranger: Membership, relay: LiveRelay, host: str, status: int) -> None:
    assert ask(relay, caller.secret, host=host)[0] == status


def test_a_key_of_the_other_tenant_works_there(caller: Caller, stranger: Membership, relay: LiveRelay) -> None:
    fund(stranger, 1_000_000)
    secret = keys.issue(membership=stranger, name="theirs").secret

    assert ask(relay, secret, host="elsewhere.test") == (200, None)
    assert ask(relay, secret, host="shop.test") == (401, "invalid_api_key")


def test_forwarded_addresses_of_strangers_are_not_believed(caller: Caller, relay: LiveRelay) -> None:
    fence(caller)

    assert ask(relay, caller.secret, **{"x-forwarded-for": "10.1.2.3"}) == (403, "ip_not_allowed")


def test_the_scheme_is_named_for_drf() -> None:
    assert KeyAuthentication().authenticate_header(None) == "Bearer"  # type: ignore[arg-type]  # not read
