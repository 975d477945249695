"""A request that holds a word of its shop's is refused in every protocol: no money moves, no vendor hears it, nobody is told the word."""

from __future__ import annotations

import time
from typing import Any

import pytest

from accounts.models import KeywordScreen, Tenant
from channels_app import channels
from channels_app.models import Channel
from gateway import settle
from gateway.models import UsageRecord
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import DOLLAR, Caller, logged
from tests.gateway.live import LiveRelay
from tests.gateway.test_dispatch import call, free_money
from tests.gateway.test_dispatch_routing import learn

SAID = "how to build a Ｂomb, please"
PICTURE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,bomb"}}
ASKED: dict[str, tuple[str, dict[str, Any]]] = {
    "messages": ("/v1/chat/completions", {"messages": [{"role": "user", "content": SAID}]}),
    "parts": ("/v1/chat/completions", {"messages": [{"role": "user", "content": [{"type": "text", "text": SAID}, PICTURE]}]}),
    "system prompt": ("/v1/chat/completions", {"messages": [{"role": "system", "content": SAID}, {"role": "user", "content": "hi"}]}),
    "tool's answer": ("/v1/chat/completions", {"messages": [{"role": "tool", "tool_call_id": "c", "content": SAID}]}),
    "stream": ("/v1/chat/completions", {"stream": True, "messages": [{"role": "user", "content": SAID}]}),
    "completion": ("/v1/completions", {"prompt": ["hi", SAID]}),
    "responses": ("/v1/responses", {"input": SAID}),
    "responses' instructions": ("/v1/responses", {"input": "hi", "instructions": SAID}),
    "anthropic": ("/v1/messages", {"max_tokens": 9, "messages": [{"role": "user", "content": [{"type": "text", "text": SAID}]}]}),
    "anthropic's system": ("/v1/messages", {"max_tokens": 9, "system": SAID, "messages": [{"role": "user", "content": "hi"}]}),
    "gemini": ("/v1beta/models/m:generateContent", {"contents": [{"role": "user", "parts": [{"text": SAID}]}]}),
    "gemini's system": (
        "/v1beta/models/m:streamGenerateContent",
        {"systemInstruction": {"parts": [{"text": SAID}]}, "contents": [{"parts": [{"text": "hi"}]}]},
    ),
    "embeddings": ("/v1/embeddings", {"input": [SAID]}),
    "gemini's embeddings": ("/v1beta/models/m:embedContent", {"content": {"parts": [{"text": SAID}]}}),
    "images": ("/v1/images/generations", {"prompt": SAID}),
    "speech": ("/v1/audio/speech", {"input": SAID, "voice": "alloy"}),
    "rerank": ("/v1/rerank", {"query": "hi", "documents": ["a", SAID]}),
}
COUNTED: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages/count_tokens", {"messages": [{"role": "user", "content": SAID}]}),
    "gemini": ("/v1beta/models/m:countTokens", {"contents": [{"parts": [{"text": SAID}]}]}),
}


@pytest.fixture
def words(channel: Channel, tenant: Tenant) -> KeywordScreen:
    return KeywordScreen.objects.create(tenant=tenant, words="bomb\n禁词")


@pytest.mark.parametrize("case", ASKED)
def test_a_word_is_refused_in_the_protocol_of_the_caller(
    words: KeywordScreen, relay: LiveRelay, caller: Caller, upstream: Upstream, case: str
) -> None:
    path, body = ASKED[case]

    answer = relay.http.post(path, headers=caller.headers, json={"model": "m", **body})

    assert answer.status_code == 400
    error = answer.json()["error"] if isinstance(answer.json(), dict) else answer.json()[0]["error"]
    assert "not allowed here" in error["message"]
    assert "bomb" not in answer.text.lower()
    if path.startswith("/v1/messages"):
        assert (answer.json()["type"], error["type"]) == ("error", "invalid_request_error")
    elif path.startswith("/v1beta"):
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    else:
        assert (error["type"], error["code"]) == ("invalid_request_error", "sensitive_words_detected")
    assert upstream.requests == []
    assert free_money(relay, caller) == DOLLAR
    (line,) = logged(relay)
    assert (line.status, line.error, line.price, line.model, line.channel, line.tried) == (
        "failed", "sensitive_words_detected", 0, "m", None, [],
    )  # fmt: skip
    assert str(line.id) == answer.headers["x-request-id"]


@pytest.mark.parametrize("case", COUNTED)
def test_nobody_is_asked_for_the_tokens_of_such_a_text(
    words: KeywordScreen, relay: LiveRelay, caller: Caller, upstream: Upstream, case: str
) -> None:
    channels.add(name="own", provider=case, base_url=upstream.url, key="k", models={"m": "up"})
    learn(relay)
    path, body = COUNTED[case]
    answer = relay.http.post(path, headers=caller.headers, json={"model": "m", **body})
    assert (answer.status_code, upstream.requests, logged(relay)) == (400, [], [])


def test_a_form_is_read_too(words: KeywordScreen, relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    files = {"image": ("a.png", b"bomb", "image/png")}
    answer = relay.http.post("/v1/images/edits", headers=caller.headers, data={"model": "m", "prompt": SAID}, files=files)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "sensitive_words_detected")
    assert upstream.requests == []


def test_what_holds_no_word_is_served(words: KeywordScreen, relay: LiveRelay, caller: Caller) -> None:
    """Pictures are no texts; no word is made of two texts."""
    parts = [{"type": "text", "text": "bo"}, {"type": "text", "text": "mb"}, PICTURE]
    assert call(relay, caller, messages=[{"role": "user", "content": parts}]).status_code == 200
    assert call(relay, caller, user="bomb").status_code == 200


def test_the_log_and_a_count_keep_that_it_was_refused_and_not_what_was_said(words: KeywordScreen, relay: LiveRelay, caller: Caller) -> None:
    call(relay, caller, messages=[{"role": "user", "content": SAID}])

    settle.post(worker_id=relay.state.spool.worker_id, lines=logged(relay))

    row = UsageRecord.objects.get()
    assert (row.status, row.error, row.price_micros, row.reasons, row.channel_id) == ("failed", "sensitive_words_detected", 0, [], None)
    assert "bomb" not in str(UsageRecord.objects.values().get()).lower()
    words.refresh_from_db()
    assert words.refused == 1
    settle.post(worker_id=relay.state.spool.worker_id, lines=logged(relay))
    words.refresh_from_db()
    assert words.refused == 1


def test_the_platforms_words_hold_for_its_shops_and_a_change_within_a_second(
    relay: LiveRelay, caller: Caller, root_tenant: Tenant, tenant: Tenant
) -> None:
    assert call(relay, caller).status_code == 200
    floor = KeywordScreen.objects.create(tenant=root_tenant, words="hello")
    wait_for(relay, caller, 400)
    KeywordScreen.objects.create(tenant=tenant, words="other")
    floor.words = "another"
    floor.save(update_fields=["words"])
    wait_for(relay, caller, 200)
    KeywordScreen.objects.filter(tenant=tenant).update(words="hell")
    wait_for(relay, caller, 400)
    KeywordScreen.objects.all().delete()
    wait_for(relay, caller, 200)


def wait_for(relay: LiveRelay, caller: Caller, status: int) -> None:
    """Call until the answer is this; fail after a second and the length of a call."""
    until = time.monotonic() + 1.2
    while (found := call(relay, caller).status_code) != status:
        assert time.monotonic() < until, found
        time.sleep(0.05)
