"""Zhipu's interface v3: prompts in turn, plain text in events, refusals inside a 200."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_app import registry
from channels_app.contract import FailureKind
from channels_app.deltas import Broken, Text
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import zhipu
from tests.doubles.china.zhipu import Zhipu


@pytest.fixture
def vendor() -> Iterator[Zhipu]:
    with Zhipu() as started:
        yield started


def ask(vendor: Zhipu, **fields: Any) -> talk.Said:
    said = talk.ask(talk.channel("zhipu_v3", vendor.origin, zhipu.KEY), "chatglm_std", **fields)
    assert not vendor.refused or said.failure
    return said


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: Zhipu, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))
    way = "sse-invoke" if stream else "invoke"
    assert vendor.requests[-1].path == f"/api/paas/v3/model-api/chatglm_std/{way}"


def test_the_vendor_is_told_not_to_repeat_the_text(vendor: Zhipu) -> None:
    ask(vendor, stream=True)
    assert vendor.requests[-1].fields["incremental"] is True


def test_roles_come_in_turn_and_the_systems_words_as_the_users(vendor: Zhipu) -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "found"},
        {"role": "assistant", "content": ""},
    ]
    ask(vendor, messages=messages)
    assert vendor.requests[-1].fields["prompt"] == [
        {"role": "user", "content": "Be brief."},
        {"role": "assistant", "content": "Okay"},
        {"role": "user", "content": "a\nb"},
        {"role": "assistant", "content": "f({})"},
        {"role": "user", "content": "found"},
    ]


def test_bounds_are_open_and_what_was_not_said_stays_unsaid(vendor: Zhipu) -> None:
    ask(vendor, temperature=0, top_p=1)
    assert (vendor.requests[-1].fields["temperature"], vendor.requests[-1].fields["top_p"]) == (0.01, 0.99)
    ask(vendor)
    assert {"temperature", "top_p"}.isdisjoint(vendor.requests[-1].fields)


@pytest.mark.parametrize("field", ["tools", "n", "messages"])
def test_what_it_cannot_do_is_another_channels(vendor: Zhipu, field: str) -> None:
    pictures = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x.test/1.png"}}]}]
    given = {"tools": [{"type": "function", "function": {"name": "f"}}], "n": 2, "messages": pictures}
    said = ask(vendor, **{field: given[field]})
    assert said.failure is not None
    assert (said.failure.kind, said.failure.param, said.failure.was_sent) == (FailureKind.UNSUPPORTED, field, False)
    assert vendor.requests == []


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("code", "kind"), [(1002, "bad_key"), (1113, "no_quota"), (1302, "rate_limited"), (1301, "content_filter")])
def test_a_refusal_in_a_200_is_found_before_the_client_is_answered(vendor: Zhipu, stream: bool, code: int, kind: str) -> None:
    vendor.script(zhipu.v3_refusal(code, "no"))
    assert ask(vendor, stream=stream).kind == kind


@pytest.mark.parametrize(
    ("given", "text"), [('"a \\"b\\""', 'a "b"'), ('"a', '"a'), ("plain", "plain"), ('"not \\json"', "not \\json"), ('"', '"')]
)
def test_literal_quotation_marks_around_an_answer_go(vendor: Zhipu, given: str, text: str) -> None:
    vendor.script(zhipu.v3_answer(given))
    assert ask(vendor).text == text


def test_line_ends_in_streamed_text_are_kept(vendor: Zhipu) -> None:
    vendor.script(zhipu.v3_stream(("a\nb", "\n", "你好")))
    assert ask(vendor, stream=True).text == "a\nb\n你好"


def test_any_chunking_says_the_same() -> None:
    reply = zhipu.v3_stream(("Hé", "\n", "o"))
    body = b"".join(step for step in reply.steps if isinstance(step, bytes)).replace(b"\n", b"\r\n")
    for size in (1, 2, 3, 7, len(body)):
        reader = registry.vendor("zhipu").events(talk.call({"model": "m", "messages": []}))
        deltas = [delta for start in range(0, len(body), size) for delta in reader.feed(body[start : start + size])] + [*reader.end()]
        assert "".join(delta.text for delta in deltas if isinstance(delta, Text)) == "Hé\no"


def test_a_cut_stream_and_an_interrupted_one_are_failures(vendor: Zhipu) -> None:
    vendor.script(replies.raw_stream(b"event:add\nid:1\ndata:He\n\n"), replies.raw_stream(b"event:error\nid:1\ndata:busy\n\n"))
    assert [ask(vendor, stream=True).kind for _ in range(2)] == ["upstream", "upstream"]


def test_nothing_at_all_is_a_failure() -> None:
    dialect = registry.vendor("zhipu")
    made = talk.call({"model": "m", "messages": []})
    assert isinstance(dialect.events(made).end()[-1], Broken)
    assert dialect.classify(401, b'{"error":{"code":"1000","message":"no"}}').kind == "bad_key"
