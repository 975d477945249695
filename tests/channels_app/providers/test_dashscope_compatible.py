"""The compatible mode: usage only when asked for, models and thinking that are told in streams alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import dashscope
from tests.doubles.china.dashscope import DashScope


@pytest.fixture
def vendor() -> Iterator[DashScope]:
    with DashScope() as started:
        yield started


def ask(vendor: DashScope, model: str = "qwen-plus", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("dashscope_compatible", vendor.origin, dashscope.KEY), model, **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through_with_its_usage(vendor: DashScope, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))
    assert vendor.requests[-1].path == "/compatible-mode/v1/chat/completions"


@pytest.mark.parametrize(
    ("model", "fields"), [("qwq-plus", {}), ("qvq-max", {}), ("qwen3-32b", {}), ("qwen-plus", {"enable_thinking": True})]
)
def test_what_is_told_in_streams_alone_is_put_together(vendor: DashScope, model: str, fields: dict[str, Any]) -> None:
    said = ask(vendor, model, **fields)
    assert talk.is_greeting(said)
    assert (vendor.requests[-1].fields["stream"], said.body["object"], said.body["model"]) == (True, "chat.completion", model)


def test_numbers_stay_inside_the_bounds_and_absent_ones_absent(vendor: DashScope) -> None:
    ask(vendor, temperature=2, top_p=0)
    assert (vendor.requests[-1].fields["temperature"], vendor.requests[-1].fields["top_p"]) == (1.99, 0.001)
    ask(vendor)
    assert "top_p" not in vendor.requests[-1].fields


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "Arrearage", "no_quota"),
        (400, "data_inspection_failed", "content_filter"),
        (429, "Throttling.AllocationQuota", "rate_limited"),
    ],
)
def test_the_code_comes_before_the_status_and_the_words(vendor: DashScope, status: int, code: str, kind: str) -> None:
    vendor.script(replies.error(status, code, "You exceeded your current quota, please check your plan"))
    assert ask(vendor).kind == kind
