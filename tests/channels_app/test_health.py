"""Health checks against a real upstream that answers, refuses and fails."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accounts.models import Tenant
from channels_app import channels, health
from channels_app.contract import FailureKind
from channels_app.models import Channel, ChannelCheck
from tests.doubles import replies
from tests.doubles.upstream import Upstream

pytestmark = pytest.mark.django_db
REFUSED = replies.error(401, "invalid_api_key", "Incorrect API key provided: sk-abc***def")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as started:
        yield started


@pytest.fixture
def channel(root_tenant: Tenant, upstream: Upstream) -> Channel:
    return channels.add(name="up", provider="openai", base_url=upstream.url, key="sk-first-secret", models={"m": "up-1"})


def state(channel: Channel) -> str:
    return Channel.objects.get(pk=channel.pk).state


def test_a_channel_that_answers_is_well(channel: Channel, upstream: Upstream) -> None:
    result = health.probe(channel.pk)
    assert (result.ok, result.failure) == (True, None)
    sent = upstream.requests[0]
    assert (sent.path, sent.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-first-secret")
    assert sent.fields == {"model": "up-1", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    check = ChannelCheck.objects.get(channel=channel)
    assert (check.state, check.latency_ms, check.failure, check.failures_in_row) == ("ok", result.latency_ms, "", 0)


def test_the_demo_channel_is_checked_without_a_network(root_tenant: Tenant) -> None:
    assert health.probe(channels.add(name="demo", provider="demo").pk).ok


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (REFUSED, "bad_key"),
        (replies.error(429, "insufficient_quota"), "no_quota"),
        (replies.error(429, "rate_limit_exceeded"), "rate_limited"),
        (replies.error(404, "model_not_found"), "not_found"),
        (replies.error_in_200(), "no_quota"),
        (replies.html(502), "upstream"),
        (replies.garbage(), "upstream"),
        (replies.close_before_head(), "upstream"),
        (replies.no_http(), "upstream"),
        (replies.cut_body(), "upstream"),
    ],
)
def test_a_failure_is_kept_with_its_kind(channel: Channel, upstream: Upstream, reply: replies.Reply, kind: str) -> None:
    upstream.script(reply)
    result = health.probe(channel.pk)
    assert result.failure is not None
    assert (result.ok, result.failure.kind) == (False, kind)
    assert ChannelCheck.objects.values_list("state", "failure", "failures_in_row").get() == ("failed", kind, 1)


def test_what_is_kept_holds_no_key(channel: Channel, upstream: Upstream) -> None:
    upstream.script(REFUSED)
    health.probe(channel.pk)
    assert ChannelCheck.objects.get().message == "Incorrect API key provided: [key]"


@pytest.mark.parametrize("reply", [REFUSED, replies.error(429, "insufficient_quota")])
def test_a_refused_key_takes_the_channel_out_only_when_repeated_and_success_brings_it_back(
    channel: Channel, upstream: Upstream, reply: replies.Reply
) -> None:
    upstream.script(reply, reply, reply)
    states = []
    for _ in range(4):
        health.probe(channel.pk)
        states.append(state(channel))
    assert states == ["enabled", "enabled", "auto_disabled", "enabled"]
    assert Channel.objects.get().reason == ""


def test_a_vendors_troubles_never_take_the_channel_out(channel: Channel, upstream: Upstream) -> None:
    upstream.script(*[replies.html(502)] * 5)
    for _ in range(5):
        health.probe(channel.pk)
    assert (state(channel), ChannelCheck.objects.get().failures_in_row) == ("enabled", 5)


def test_another_key_of_the_pool_saves_the_channel(channel: Channel, upstream: Upstream) -> None:
    channels.add_key(channel=channel, key="sk-second-secret")
    upstream.script(REFUSED)
    assert health.probe(channel.pk).ok
    assert [request.headers["authorization"] for request in upstream.requests] == ["Bearer sk-first-secret", "Bearer sk-second-secret"]


def test_models_that_want_another_limit_get_it(channel: Channel, upstream: Upstream) -> None:
    upstream.script(replies.error(400, "unsupported_parameter", "Use 'max_completion_tokens' instead."))
    assert health.probe(channel.pk).ok
    assert upstream.requests[1].fields["max_completion_tokens"] == 1
    assert "max_tokens" not in upstream.requests[1].fields


def test_a_channel_without_models_fails_without_a_call(channel: Channel, upstream: Upstream) -> None:
    channel.models.all().delete()
    failure = health.probe(channel.pk).failure
    assert failure is not None
    assert (failure.kind, failure.was_sent, upstream.requests) == (FailureKind.NOT_FOUND, False, [])


def test_a_tenants_channel_may_not_be_used_to_look_inside(tenant: Tenant, upstream: Upstream) -> None:
    made = channels.add(name="up", provider="openai", base_url=upstream.url, key="sk-1", tenant=tenant)
    failure = health.probe(made.pk).failure
    assert failure is not None
    assert (failure.was_sent, upstream.connections) == (False, 0)
    Channel.objects.filter(pk=made.pk).update(allow_private=True)
    assert health.probe(made.pk).ok


def test_channels_that_a_person_disabled_are_not_due(channel: Channel) -> None:
    other = channels.add(name="other", provider="demo")
    channels.disable(channel=channel)
    channels.auto_disable(channel=other, reason="x")
    assert health.due() == [other.pk]


def test_a_channel_that_does_not_exist_is_an_error(root_tenant: Tenant) -> None:
    with pytest.raises(Channel.DoesNotExist):
        health.probe(404)
