"""A call that nobody answered stands in the log: once, free of charge, with what its customer and what its operator may know."""

from __future__ import annotations

import contextlib
import uuid

import httpx
import pytest
from django.test import Client

from accounts.models import Membership
from channels_app.models import Channel
from gateway import settle
from gateway.models import UsageRecord
from gateway.process import DrainCaps
from tests.doubles import replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, HELLO, Caller, hasty, logged
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch import call, free_money

REFUSALS = {
    "error": (replies.error(500, "server_error", "secret words"), "upstream_unavailable", "upstream", 502),
    "hangs": (replies.hang_before_head(), "upstream_timeout", "timeout", 504),
    "cuts": (replies.close_before_head(), "upstream_unavailable", "transport", 502),
    "refused key": (replies.error(401, "invalid_api_key", "sk-upstream-secret"), "upstream_unavailable", "bad_key", 502),
}


@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("is_stream", [False, True])
def test_the_log_keeps_who_was_tried_and_why_it_failed(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream, case: str, is_stream: bool
) -> None:
    reply, error, reason, status = REFUSALS[case]
    hasty(relay)
    upstream.script(reply, reply)

    response = call(relay, caller, stream=is_stream)

    assert response.status_code == status
    (line,) = logged(relay)
    assert str(line.id) == response.headers["x-request-id"]
    assert (line.status, line.error, line.price, line.cost, line.parts, line.splits) == ("failed", error, 0, 0, [], [])
    assert (line.tried, line.reasons, line.channel) == ([channel.pk, second.pk], [reason, reason], None)
    assert free_money(relay, caller) == DOLLAR


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (replies.error(400, "context_length_exceeded", "too long for org-secret"), "bad_request"),
        (replies.error(400, "content_filter", "no, says org-secret"), "content_filter"),
    ],
)
def test_what_a_vendor_refused_is_kept_without_its_words(
    relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream, reply: Reply, error: str
) -> None:
    upstream.script(reply)
    call(relay, caller)

    (line,) = logged(relay)
    assert (line.status, line.error, line.reasons) == ("failed", error, [error])
    assert b"secret" not in (relay.state.spool.folder / "000001.log").read_bytes()


def test_an_answered_call_keeps_why_others_did_not(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream
) -> None:
    upstream.script(replies.error(429, "rate_limit_exceeded"))
    call(relay, caller)

    (line,) = logged(relay)
    assert (line.status, line.error, line.tried, line.reasons) == ("ok", "", [channel.pk], ["rate_limited"])


def test_what_never_reached_a_vendor_fills_no_disk(relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream) -> None:
    refused = [
        relay.http.post("/v1/chat/completions", headers={"authorization": "Bearer sk-wrong"}, json=HELLO),
        relay.http.post("/v1/chat/completions", headers=caller.headers, content=b"{"),
        relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "model": "unknown"}),
    ]

    assert [one.status_code for one in refused] == [401, 400, 404]
    assert logged(relay) == []
    assert upstream.requests == []


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_client_that_leaves_before_anything_came_is_seen(
    relay: LiveRelay, caller: Caller, channel: Channel, upstream: Upstream, is_stream: bool
) -> None:
    relay.state.drain_caps = DrainCaps(seconds=0.1)
    upstream.script(replies.hang_before_head())
    with contextlib.suppress(httpx.ReadTimeout):
        relay.http.post("/v1/chat/completions", headers=caller.headers, json={**HELLO, "stream": is_stream}, timeout=0.5)

    assert upstream.wait(lambda seen: seen.disconnects == 1)
    while not logged(relay):
        assert relay.run(relay.state.purse.affordable(wallet=caller.membership.pk)) <= DOLLAR
    (line,) = logged(relay)
    assert (line.status, line.error, line.tried, line.price) == ("disconnected", "client_left", [channel.pk], 0)
    assert free_money(relay, caller) == DOLLAR


def test_it_is_posted_once_and_shown_to_each_what_is_theirs(
    relay: LiveRelay, caller: Caller, channel: Channel, second: Channel, upstream: Upstream, platform_admin: Membership, client: Client
) -> None:
    for one, name in ((channel, "Acme-1"), (second, "Acme-2")):
        Channel.objects.filter(pk=one.pk).update(name=name)
    upstream.script(replies.error(500, "server_error", "secret words"), replies.error(429, "rate_limit_exceeded", "secret words"))
    call(relay, caller)
    found = logged(relay)
    worker: uuid.UUID = relay.state.spool.worker_id

    assert [settle.post_all(worker_id=worker, lines=found) for _ in range(2)] == [1, 0]

    row = UsageRecord.objects.get()
    assert (row.status, row.error, row.price_micros, row.journal_id) == ("failed", "upstream_unavailable", 0, None)
    client.force_login(caller.membership.user)
    for address in ("/console/calls/?status=failed", f"/console/calls/{row.pk}/"):
        mine = client.get(address, HTTP_HOST="shop.test").content.decode()
        assert "No provider could answer" in mine, address
        assert not [word for word in ("secret words", "rate_limited", "Acme", "up-1", "up-2") if word in mine]
    told = relay.http.get(f"/v1/receipts/{row.pk}", headers=caller.headers).json()
    assert (told["status"], told["error"], told["price_micros"]) == ("failed", "upstream_unavailable", 0)
    assert "tried" not in told

    client.force_login(platform_admin.user)
    ours = client.get(f"/admin/gateway/usagerecord/{row.pk}/change/", HTTP_HOST="platform.test").content.decode()
    for text in ("Acme-1: upstream", "Acme-2: rate_limited", "upstream_unavailable"):
        assert text in ours, text
