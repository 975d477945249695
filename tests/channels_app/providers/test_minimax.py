"""MiniMax: errors in base_resp of a 200, a last event that repeats everything, bounds without zero."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import likeopenai
from tests.doubles.china.likeopenai import LikeOpenAI


@pytest.fixture
def vendor() -> Iterator[LikeOpenAI]:
    with LikeOpenAI(rules=likeopenai.minimax_rules) as started:
        yield started


def ask(vendor: LikeOpenAI, provider: str = "minimax", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel(provider, vendor.origin, likeopenai.KEY), "MiniMax-M2", **fields)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("code", "kind"),
    [(1004, "bad_key"), (1008, "no_quota"), (1002, "rate_limited"), (1027, "content_filter"), (2013, "bad_request"), (1000, "upstream")],
)
def test_an_error_in_a_200_is_found_before_the_client_is_answered(vendor: LikeOpenAI, stream: bool, code: int, kind: str) -> None:
    vendor.script(likeopenai.base_resp(code, "no"))
    assert ask(vendor, stream=stream).kind == kind


def test_the_repetition_in_the_last_event_does_not_double_the_text(vendor: LikeOpenAI) -> None:
    vendor.script(likeopenai.minimax_stream())
    assert talk.is_greeting(ask(vendor, stream=True))


def test_an_error_beside_the_last_event_is_not_an_end(vendor: LikeOpenAI) -> None:
    vendor.script(likeopenai.minimax_stream(1027, "output is sensitive"))
    said = ask(vendor, stream=True)
    assert (said.text, said.kind) == (replies.TEXT, "content_filter")


def test_an_error_beside_choices_of_a_whole_answer_counts(vendor: LikeOpenAI) -> None:
    vendor.script(replies.answer({**replies.completion(""), "base_resp": {"status_code": 1027, "status_msg": "no"}}))
    assert ask(vendor).kind == "content_filter"
    vendor.script(replies.answer({**replies.completion(), "base_resp": {"status_code": 0, "status_msg": ""}}))
    assert talk.is_greeting(ask(vendor))


def test_zero_is_no_temperature(vendor: LikeOpenAI) -> None:
    assert ask(vendor, temperature=0, top_p=0).failure is None
    assert (vendor.requests[-1].fields["temperature"], vendor.requests[-1].fields["top_p"]) == (0.01, 0.01)
