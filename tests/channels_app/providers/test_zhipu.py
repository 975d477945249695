"""Zhipu's v4: the key or a token as a Bearer, open bounds, bare pictures, codes before statuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_app import registry
from channels_app.contract import Usage
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import zhipu
from tests.doubles.china.zhipu import Zhipu

DATA = "data:image/png;base64,AAAA"


@pytest.fixture
def vendor() -> Iterator[Zhipu]:
    with Zhipu() as started:
        yield started


def ask(vendor: Zhipu, *, key: str = zhipu.KEY, **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("zhipu", vendor.origin, key), "glm-4-flash", **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: Zhipu, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))
    assert vendor.requests[-1].path == "/api/paas/v4/chat/completions"


def test_bounds_are_open_stop_is_a_list_and_pictures_are_bare(vendor: Zhipu) -> None:
    parts = [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": DATA, "detail": "low"}}]
    ask(vendor, temperature=0, top_p=1, stop="x", messages=[{"role": "user", "content": parts}])
    sent = vendor.requests[-1].fields
    assert (sent["temperature"], sent["do_sample"], sent["top_p"], sent["stop"]) == (0.01, False, 0.99, ["x"])
    assert sent["messages"][0]["content"][1] == {"type": "image_url", "image_url": {"url": "AAAA", "detail": "low"}}
    assert vendor.refused == []


def test_a_hot_call_keeps_sampling_and_one_inside_the_bounds_its_bytes(vendor: Zhipu) -> None:
    ask(vendor, temperature=1.5)
    assert (vendor.requests[-1].fields["temperature"], "do_sample" in vendor.requests[-1].fields) == (0.99, False)
    ask(vendor, temperature=0.5)
    assert vendor.requests[-1].body == b'{"model":"glm-4-flash","messages":[{"role":"user","content":"Hi"}],"temperature":0.5}'


def test_a_wrong_key_is_refused(vendor: Zhipu) -> None:
    said = ask(vendor, key="a.b")
    assert (said.kind, said.failure and said.failure.code) == ("bad_key", "1002")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (429, "1113", "no_quota"),
        (429, "1302", "rate_limited"),
        (429, "1313", "bad_key"),
        (400, "1301", "content_filter"),
        (400, "1211", "not_found"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_429_is_not_always_a_rate_limit(vendor: Zhipu, stream: bool, status: int, code: str, kind: str) -> None:
    vendor.script(zhipu.error(code, "no", status=status))
    assert ask(vendor, stream=stream).kind == kind


@pytest.mark.parametrize("name", [b"", b"event: error\n"])
def test_an_error_inside_a_200_stream_is_found_before_the_client_is_answered(vendor: Zhipu, name: bytes) -> None:
    vendor.script(replies.raw_stream(name + replies.event({"error": {"code": "1113", "message": "账户已欠费"}})))
    said = ask(vendor, stream=True)
    assert (said.kind, said.events) == ("no_quota", [])


@pytest.mark.parametrize(("reason", "shown"), [("sensitive", "content_filter"), ("novel", "stop"), ("", "stop")])
def test_reasons_to_end_are_told_in_openais_words(vendor: Zhipu, reason: str, shown: str) -> None:
    vendor.script(replies.stream(finish=reason))
    assert ask(vendor, stream=True).reason == shown


def test_a_network_error_is_the_vendors_failure(vendor: Zhipu) -> None:
    vendor.script(replies.stream(finish="network_error"), replies.answer(replies.completion(finish="network_error")))
    assert [ask(vendor, stream=True).kind, ask(vendor).kind] == ["upstream", "upstream"]


def test_reasoning_and_cached_tokens_come_through(vendor: Zhipu) -> None:
    usage = {**replies.USAGE, "prompt_tokens_details": {"cached_tokens": 5}, "completion_tokens_details": {"reasoning_tokens": 3}}
    chunks = [replies.chunk({"role": "assistant", "reasoning_content": "hm"}), replies.chunk({"content": "x"}, "stop")]
    vendor.script(replies.raw_stream(*map(replies.event, [*chunks, replies.usage_chunk(usage)]), replies.DONE))
    said = ask(vendor, stream=True)
    assert (said.reasoning, said.text) == ("hm", "x")
    assert said.usage == Usage(input=7, cache_read=5, output=1, reasoning=3)


def test_the_form_warns_of_plan_keys() -> None:
    assert "coding plan" in registry.provider("zhipu").key_parts[0].help
