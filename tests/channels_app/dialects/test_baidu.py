"""Baidu's interface v1: one path a model, an odd number of messages, errors inside a 200, a stream without an end mark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from channels_app.contract import Usage
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import baidu
from tests.doubles.china.baidu import Baidu


@pytest.fixture
def vendor() -> Iterator[Baidu]:
    with Baidu() as started:
        yield started


def ask(vendor: Baidu, model: str = "ERNIE-3.5-8K", **fields: Any) -> talk.Said:
    facts = talk.channel("baidu_iam", vendor.origin, f"{baidu.ACCESS_KEY}|{baidu.ACCESS_SECRET}")
    return talk.ask(facts, model, **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: Baidu, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))


@pytest.mark.parametrize(
    ("model", "place"),
    [
        ("ERNIE-4.0-8K", "completions_pro"),
        ("ERNIE-Bot-turbo", "eb-instant"),
        ("ERNIE-Speed-128K", "ernie-speed-128k"),
        ("ERNIE-Speed", "ernie_speed"),
        ("Yi-34B-Chat", "yi_34b_chat"),
        ("My-Own-Service", "my-own-service"),
    ],
)
def test_each_model_has_its_path(vendor: Baidu, model: str, place: str) -> None:
    ask(vendor, model)
    assert vendor.requests[-1].path == f"/rpc/2.0/ai_custom/v1/wenxinworkshop/chat/{place}"


def test_system_messages_are_joined_and_stand_apart(vendor: Baidu) -> None:
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": "Hi"}, {"role": "system", "content": "b"}]
    ask(vendor, messages=messages)
    assert vendor.requests[-1].fields["system"] == "a\n\nb"
    assert vendor.requests[-1].fields["messages"] == [{"role": "user", "content": "Hi"}]


def test_the_number_of_messages_is_odd(vendor: Baidu) -> None:
    said = ask(
        vendor, messages=[{"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Hi"}, {"role": "user", "content": "you"}]
    )
    assert said.failure is None
    assert [message["role"] for message in vendor.requests[-1].fields["messages"]] == ["user", "assistant", "user"]


def test_numbers_are_brought_inside_the_bounds_and_renamed(vendor: Baidu) -> None:
    ask(vendor, temperature=0, top_p=0.5, max_tokens=1, stop="x", user="u", frequency_penalty=1.5)
    fields = vendor.requests[-1].fields
    assert {name: fields.get(name) for name in ("temperature", "top_p", "max_output_tokens", "stop", "user_id")} == {
        "temperature": 0.01,
        "top_p": 0.5,
        "max_output_tokens": 2,
        "stop": ["x"],
        "user_id": "u",
    }
    assert "penalty_score" not in fields


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (6, "bad_key"),
        (17, "no_quota"),
        (18, "rate_limited"),
        (336103, "bad_request"),
        (336005, "not_found"),
        (336000, "upstream"),
        (110, "bad_key"),
    ],
)
def test_an_error_in_a_200_is_found_before_the_client_is_answered(vendor: Baidu, stream: bool, code: int, kind: str) -> None:
    vendor.script(baidu.error(code, "no"))
    assert ask(vendor, stream=stream).kind == kind


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"is_truncated": True}, "length"),
        ({"finish_reason": "length"}, "length"),
        ({"finish_reason": "content_filter"}, "content_filter"),
        ({"need_clear_history": True, "ban_round": 0}, "content_filter"),
        ({"finish_reason": "novel"}, "stop"),
    ],
)
def test_why_an_answer_ended(vendor: Baidu, stream: bool, last: dict[str, Any], reason: str) -> None:
    vendor.script(baidu.stream(**last) if stream else baidu.answer(**last))
    assert ask(vendor, stream=stream).reason == reason


def test_usage_is_overwritten_and_a_missing_completion_follows_from_the_total(vendor: Baidu) -> None:
    first = baidu.frame(0, "a", is_end=False, usage={"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6})
    last = baidu.frame(1, "b", is_end=True, usage={"prompt_tokens": 5, "completion_tokens": 0, "total_tokens": 9})
    vendor.script(replies.raw_stream(first, last))
    assert ask(vendor, stream=True).usage == Usage(input=5, output=4)


def test_a_stream_that_is_cut_is_a_failure(vendor: Baidu) -> None:
    vendor.script(replies.raw_stream(baidu.frame(0, "a", is_end=False, usage={})))
    assert ask(vendor, stream=True).kind == "upstream"


def test_embeddings_come_in_openais_form(vendor: Baidu) -> None:
    said = ask(vendor, "bge-large-zh", operation="embeddings", input=["a", "b"])
    assert vendor.requests[-1].path.endswith("/embeddings/bge_large_zh")
    assert [one["index"] for one in said.body["data"]] == [0, 1]
    assert (said.body["model"], said.usage) == ("bge-large-zh", Usage(input=3))
    vendor.script(baidu.error(18, "no"))
    assert ask(vendor, "bge-large-zh", operation="embeddings", input="a").kind == "rate_limited"
