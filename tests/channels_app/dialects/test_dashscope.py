"""DashScope's own interface: text that repeats itself or not, counters that grow, errors inside streams."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from channels_app.contract import Usage
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import dashscope
from tests.doubles.china.dashscope import DashScope

PICTURE = [
    {"role": "user", "content": [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": "https://x.test/1.png"}}]}
]


@pytest.fixture
def vendor() -> Iterator[DashScope]:
    with DashScope() as started:
        yield started


def ask(vendor: DashScope, model: str = "qwen-plus", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("dashscope", vendor.origin, dashscope.KEY), model, **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: DashScope, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))
    assert vendor.requests[-1].headers.get("x-dashscope-sse") == ("enable" if stream else None)


def test_increments_are_asked_for_and_equal_ones_are_not_lost(vendor: DashScope) -> None:
    vendor.script(dashscope.stream(("1", "1", "11")))
    assert ask(vendor, stream=True).text == "1111"
    assert vendor.requests[-1].fields["parameters"]["incremental_output"] is True


def test_cumulative_text_is_told_once_where_the_client_asks_for_it(vendor: DashScope) -> None:
    said = ask(vendor, stream=True, incremental_output=False)
    assert vendor.requests[-1].fields["parameters"]["incremental_output"] is False
    assert talk.is_greeting(said)


def test_usage_is_cumulative_and_overwritten(vendor: DashScope) -> None:
    assert ask(vendor, stream=True).usage == Usage(input=12, output=4)


@pytest.mark.parametrize("stream", [False, True])
def test_pictures_go_to_the_multimodal_address(vendor: DashScope, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, "qwen-vl-max", messages=PICTURE, stream=stream))
    assert vendor.requests[-1].path == "/api/v1/services/aigc/multimodal-generation/generation"
    content = vendor.requests[-1].fields["input"]["messages"][0]["content"]
    assert content == [{"text": "what"}, {"image": "https://x.test/1.png"}]


def test_numbers_stay_inside_the_bounds_and_absent_ones_absent(vendor: DashScope) -> None:
    ask(vendor, temperature=2, top_p=0, max_completion_tokens=9)
    parameters = vendor.requests[-1].fields["parameters"]
    assert parameters == {"result_format": "message", "temperature": 1.99, "top_p": 0.001, "max_tokens": 9}
    ask(vendor)
    assert vendor.requests[-1].fields["parameters"] == {"result_format": "message"}


@pytest.mark.parametrize(
    ("code", "kind"),
    [("DataInspectionFailed", "content_filter"), ("Throttling.AllocationQuota", "rate_limited"), ("Arrearage", "no_quota")],
)
def test_an_error_event_is_found_before_the_client_is_answered(vendor: DashScope, code: str, kind: str) -> None:
    vendor.script(dashscope.error_event(code, "You exceeded your current quota"))
    said = ask(vendor, stream=True)
    assert (said.kind, said.events) == (kind, [])


def test_an_error_event_after_text_breaks_the_stream(vendor: DashScope) -> None:
    vendor.script(dashscope.error_event("InternalError.Algo", "no", after=("He",)))
    said = ask(vendor, stream=True)
    assert (said.kind, said.text) == ("upstream", "He")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "Arrearage", "no_quota"),
        (401, "InvalidApiKey", "bad_key"),
        (403, "AccessDenied.Unpurchased", "no_quota"),
        (403, "AccessDenied", "bad_key"),
        (429, "Throttling.RateQuota", "rate_limited"),
        (429, "Throttling.AllocationQuota", "rate_limited"),
        (400, "DataInspectionFailed", "content_filter"),
        (400, "BadRequest.TooLarge", "bad_request"),
        (500, "InternalError.Algo", "upstream"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_the_bodys_code_comes_before_the_status(vendor: DashScope, stream: bool, status: int, code: str, kind: str) -> None:
    vendor.script(dashscope.error(status, code, "You exceeded your current quota, please check"))
    assert ask(vendor, stream=stream).kind == kind


@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_reasoning_come_through(vendor: DashScope, stream: bool) -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    calls = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":'}}]
    rest = [{"index": 0, "id": "", "type": "function", "function": {"arguments": "1}"}}]
    whole = [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}]
    if stream:
        told = [
            {"output": dashscope.output("", "null", reasoning_content="hm")},
            {"output": dashscope.output("", "null", tool_calls=calls)},
            {"output": dashscope.output("", "tool_calls", tool_calls=rest), "usage": dashscope.USAGE},
        ]
        vendor.script(replies.raw_stream(*(dashscope.event(place, one) for place, one in enumerate(told))))
    else:
        output = dashscope.output("", "tool_calls", reasoning_content="hm", tool_calls=whole)
        vendor.script(replies.answer({"output": output, "usage": dashscope.USAGE, "request_id": "r"}))
    said = ask(vendor, stream=stream, tools=tools, tool_choice="auto")
    assert (said.tools, said.reasoning, said.reason) == ([("f", '{"a":1}')], "hm", "tool_calls")
    assert vendor.requests[-1].fields["parameters"]["tools"] == tools


def test_a_stream_answered_by_json_is_read(vendor: DashScope) -> None:
    whole = {"output": dashscope.output(replies.TEXT), "usage": dashscope.USAGE}
    vendor.script(replies.answer(orjson.dumps(whole)))
    assert talk.is_greeting(ask(vendor, stream=True))


def test_embeddings_come_in_openais_form(vendor: DashScope) -> None:
    said = ask(vendor, "text-embedding-v4", operation="embeddings", input="a", dimensions=2)
    assert vendor.requests[-1].fields == {
        "model": "text-embedding-v4",
        "input": {"texts": ["a"]},
        "parameters": {"text_type": "document", "dimension": 2},
    }
    assert said.body["data"] == [{"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}]
    assert said.usage == Usage(input=3)
