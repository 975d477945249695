"""Health checks against a real upstream that answers, refuses and fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Membership, Tenant
from channels_app import channels, health, selectors
from channels_app.contract import FailureKind
from channels_app.health import ProbeResult
from channels_app.models import Channel, ChannelCheck, CheckRun
from foundation.models import OutboxMessage
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


def probe(channel_id: int) -> ProbeResult:
    """Check a channel that is not being checked already."""
    found = health.probe(channel_id)
    assert found is not None
    return found


def state(channel: Channel) -> str:
    return Channel.objects.get(pk=channel.pk).state


def test_a_channel_that_answers_is_well(channel: Channel, upstream: Upstream) -> None:
    result = probe(channel.pk)
    assert (result.ok, result.failure) == (True, None)
    sent = upstream.requests[0]
    assert (sent.path, sent.headers["authorization"]) == ("/v1/chat/completions", "Bearer sk-first-secret")
    assert sent.fields == {"model": "up-1", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1}
    check = ChannelCheck.objects.get(channel=channel)
    assert (check.state, check.latency_ms, check.failure, check.failures_in_row) == ("ok", result.latency_ms, "", 0)


def test_the_demo_channel_is_checked_without_a_network(root_tenant: Tenant) -> None:
    assert probe(channels.add(name="demo", provider="demo").pk).ok


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
    result = probe(channel.pk)
    assert result.failure is not None
    assert (result.ok, result.failure.kind) == (False, kind)
    assert ChannelCheck.objects.values_list("state", "failure", "failures_in_row").get() == ("failed", kind, 1)


def test_what_is_kept_holds_no_key(channel: Channel, upstream: Upstream) -> None:
    upstream.script(REFUSED)
    probe(channel.pk)
    assert ChannelCheck.objects.get().message == "Incorrect API key provided: [key]"


@pytest.mark.parametrize("reply", [REFUSED, replies.error(429, "insufficient_quota")])
def test_a_refused_key_takes_the_channel_out_only_when_repeated_and_success_brings_it_back(
    channel: Channel, upstream: Upstream, reply: replies.Reply
) -> None:
    upstream.script(reply, reply, reply)
    states = []
    for _ in range(4):
        probe(channel.pk)
        states.append(state(channel))
    assert states == ["enabled", "enabled", "auto_disabled", "enabled"]
    assert Channel.objects.get().reason == ""


def test_a_vendors_troubles_never_take_the_channel_out(channel: Channel, upstream: Upstream) -> None:
    upstream.script(*[replies.html(502)] * 5)
    for _ in range(5):
        probe(channel.pk)
    assert (state(channel), ChannelCheck.objects.get().failures_in_row) == ("enabled", 5)


def test_another_key_of_the_pool_saves_the_channel(channel: Channel, upstream: Upstream) -> None:
    channels.add_key(channel=channel, key="sk-second-secret")
    upstream.script(REFUSED)
    assert probe(channel.pk).ok
    assert [request.headers["authorization"] for request in upstream.requests] == ["Bearer sk-first-secret", "Bearer sk-second-secret"]


def test_models_that_want_another_limit_get_it(channel: Channel, upstream: Upstream) -> None:
    upstream.script(replies.error(400, "unsupported_parameter", "Use 'max_completion_tokens' instead."))
    assert probe(channel.pk).ok
    assert upstream.requests[1].fields["max_completion_tokens"] == 1
    assert "max_tokens" not in upstream.requests[1].fields


def test_a_channel_without_models_fails_without_a_call(channel: Channel, upstream: Upstream) -> None:
    channel.models.all().delete()
    failure = probe(channel.pk).failure
    assert failure is not None
    assert (failure.kind, failure.was_sent, upstream.requests) == (FailureKind.NOT_FOUND, False, [])


def test_a_tenants_channel_may_not_be_used_to_look_inside(tenant: Tenant, upstream: Upstream) -> None:
    made = channels.add(name="up", provider="openai", base_url=upstream.url, key="sk-1", tenant=tenant)
    failure = probe(made.pk).failure
    assert failure is not None
    assert (failure.was_sent, upstream.connections) == (False, 0)
    Channel.objects.filter(pk=made.pk).update(allow_private=True)
    assert probe(made.pk).ok


def test_channels_that_a_person_disabled_are_not_due(channel: Channel) -> None:
    other = channels.add(name="other", provider="demo")
    channels.disable(channel=channel)
    channels.auto_disable(channel=other, reason="x")
    assert health.due() == [other.pk]


def test_a_channel_that_does_not_exist_is_an_error(root_tenant: Tenant) -> None:
    with pytest.raises(Channel.DoesNotExist):
        health.probe(404)


def keys_of(channel: Channel) -> list[str]:
    return list(channel.keys.order_by("pk").values_list("state", flat=True))


def test_only_the_refused_key_of_a_pool_is_put_aside_and_its_answer_brings_it_back(
    channel: Channel, upstream: Upstream, platform_admin: Membership
) -> None:
    channels.add_key(channel=channel, key="sk-second-secret")
    for _ in range(3):
        upstream.script(REFUSED)
        probe(channel.pk)
    assert (keys_of(channel), state(channel)) == (["refused", "active"], "enabled")
    assert [key.id for key in selectors.load_table().by_id(channel.pk).keys] == [channel.keys.latest("pk").pk]  # type: ignore[union-attr]
    told = OutboxMessage.objects.get()
    assert (told.payload["template"], told.payload["context"]["reason"]) == (
        "channel_key_out",
        "bad_key: Incorrect API key provided: [key]",
    )
    probe(channel.pk)
    assert keys_of(channel) == ["active", "active"]
    assert [str(event) for event in channel.events.order_by("pk")] == ["active → refused", "refused → active"]


def test_an_empty_account_waits_for_money(channel: Channel, upstream: Upstream) -> None:
    upstream.script(*[replies.error(429, "insufficient_quota")] * 3)
    for _ in range(3):
        probe(channel.pk)
    assert (keys_of(channel), state(channel)) == (["empty"], "auto_disabled")


def test_staff_are_told_when_a_channel_goes_and_comes_back(channel: Channel, upstream: Upstream, platform_admin: Membership) -> None:
    upstream.script(*[REFUSED] * 5)
    for _ in range(6):
        probe(channel.pk)
    rows = OutboxMessage.objects.order_by("pk").values_list("payload__template", flat=True)
    assert list(rows) == ["channel_key_out", "channel_out", "channel_back"]


def test_an_unwatched_channel_is_only_looked_at(channel: Channel, upstream: Upstream) -> None:
    Channel.objects.update(is_watched=False)
    upstream.script(*[REFUSED] * 3)
    for _ in range(3):
        probe(channel.pk)
    assert (keys_of(channel), state(channel), ChannelCheck.objects.get().failures_in_row) == (["active"], "enabled", 3)


def test_every_check_is_kept(channel: Channel, upstream: Upstream) -> None:
    upstream.script(REFUSED)
    probe(channel.pk)
    probe(channel.pk)
    rows = CheckRun.objects.order_by("id").values_list("kind", "model", "ok", "failure")
    assert list(rows) == [("chat", "m", False, "bad_key"), ("chat", "m", True, "")]


def test_a_stream_is_measured_to_its_first_token_and_then_cut(channel: Channel, upstream: Upstream) -> None:
    Channel.objects.update(check_kind="stream")
    upstream.script(replies.hang_mid_stream())
    result = probe(channel.pk)
    assert (result.ok, result.kind) == (True, "stream")
    assert result.first_ms is not None
    assert upstream.wait(lambda one: one.disconnects == 1)
    assert ChannelCheck.objects.get().first_ms == result.first_ms


@pytest.mark.parametrize(("reply", "kind"), [(replies.error_event("server_error"), "upstream"), (replies.stream(texts=(), usage=None), "")])
def test_a_stream_without_content_is_judged_by_what_it_says(channel: Channel, upstream: Upstream, reply: replies.Reply, kind: str) -> None:
    Channel.objects.update(check_kind="stream")
    upstream.script(reply)
    result = probe(channel.pk)
    assert (result.failure.kind.value if result.failure else "") == kind


def test_an_image_only_channel_is_asked_for_its_list_free_of_charge(root_tenant: Tenant, upstream: Upstream) -> None:
    made = channels.add(name="pictures", provider="openai", base_url=upstream.url, key="sk-1", models=["dall-e-3"])
    result = probe(made.pk)
    assert (result.ok, result.kind) == (True, "models")
    assert [(request.method, request.path) for request in upstream.requests] == [("GET", "/v1/models")]
    upstream.on_path("/models", replies.error(401, "invalid_api_key"))
    refused = probe(made.pk)
    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.BAD_KEY


def test_a_channel_that_is_never_checked_is_not_due(channel: Channel, upstream: Upstream) -> None:
    assert health.due() == [channel.pk]
    Channel.objects.update(check_kind="off")
    assert (health.due(), health.probe(channel.pk), upstream.requests) == ([], None, [])


def test_the_next_check_is_due_after_the_channels_own_pause(channel: Channel) -> None:
    Channel.objects.update(check_seconds=120)
    probe(channel.pk)
    now = timezone.now()
    assert health.due(now + timedelta(seconds=110)) == []
    assert health.due(now + timedelta(seconds=121)) == [channel.pk]


def test_two_checks_at_once_are_one_and_a_dead_one_does_not_block_for_ever(channel: Channel) -> None:
    ChannelCheck.objects.create(channel=channel, started_at=timezone.now())
    assert health.probe(channel.pk) is None
    ChannelCheck.objects.update(started_at=timezone.now() - health.LONGEST)
    assert probe(channel.pk).ok
    assert ChannelCheck.objects.get().started_at is None


def pictures(upstream: Upstream) -> Channel:
    made = channels.add(name="pictures", provider="openai", base_url=upstream.url, key="sk-1", models={"dall-e-2": "up-pictures"})
    Channel.objects.filter(pk=made.pk).update(check_kind="images")
    return made


def test_a_channel_of_pictures_is_asked_for_the_smallest_one_where_that_is_chosen(root_tenant: Tenant, upstream: Upstream) -> None:
    made = pictures(upstream)
    upstream.script(replies.answer({"created": 1, "data": [{"b64_json": "aGk="}]}))
    result = probe(made.pk)
    assert (result.ok, result.kind, result.model) == (True, "images", "dall-e-2")
    sent = upstream.requests[0]
    assert (sent.path, sent.headers["authorization"]) == ("/v1/images/generations", "Bearer sk-1")
    assert sent.fields == {"model": "up-pictures", "prompt": "a dot", "n": 1, "size": "256x256"}
    assert CheckRun.objects.values_list("kind", "model", "ok").get() == ("images", "dall-e-2", True)


def test_a_channel_of_pictures_goes_out_and_comes_back_by_what_is_answered(root_tenant: Tenant, upstream: Upstream) -> None:
    made = pictures(upstream)
    upstream.script(replies.html(502), REFUSED, REFUSED, REFUSED, replies.answer({"created": 1, "data": [{"b64_json": "aGk="}]}))
    found = [((failure := probe(made.pk).failure) and failure.kind.value, state(made)) for _ in range(5)]
    expected = [("upstream", "enabled"), ("bad_key", "enabled"), ("bad_key", "auto_disabled"), ("bad_key", "auto_disabled")]
    assert found == [*expected, (None, "enabled")]


def test_an_embeddings_only_channel_is_asked_for_one_word(root_tenant: Tenant, upstream: Upstream) -> None:
    made = channels.add(name="vectors", provider="openai", base_url=upstream.url, key="sk-1", models={"bge-m3": "up-vectors"})
    vectors = {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "model": "up-vectors"}
    upstream.script(replies.answer({**vectors, "usage": {"prompt_tokens": 1, "total_tokens": 1}}), REFUSED)
    well, refused = probe(made.pk), probe(made.pk)
    assert (well.ok, well.kind, well.model) == (True, "embeddings", "bge-m3")
    assert [(sent.path, sent.fields) for sent in upstream.requests] == [("/v1/embeddings", {"model": "up-vectors", "input": "Hi"})] * 2
    assert refused.failure is not None
    assert refused.failure.kind is FailureKind.BAD_KEY
    assert list(CheckRun.objects.order_by("id").values_list("kind", "ok", "failure")) == [
        ("embeddings", True, ""),
        ("embeddings", False, "bad_key"),
    ]
