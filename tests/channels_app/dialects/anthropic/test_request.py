"""Canonical requests written for Anthropic; each rule was somebody's bug."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.contract import ChannelFacts
from channels_app.dialects.anthropic import request
from channels_app.faces import Unexpressible

HI = {"role": "user", "content": "Hi"}
PIXEL = "data:image/jpeg;base64,iVBORw0KGgoAAAANSUhEUgAA"


def written(
    *messages: dict[str, Any], model: str = "claude-sonnet-4-5", options: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    channel = ChannelFacts(1, "c", 1, "anthropic", "", (), {}, options=options or {})
    return request.write({"messages": list(messages or [HI]), **fields}, channel, upstream_model=model, is_stream=False)


def call(name: str, arguments: str, identity: str = "call_1") -> dict[str, Any]:
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


def tool(name: str = "get", **parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def test_the_smallest_request_gets_the_limit_that_is_mandatory() -> None:
    assert written() == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 8192,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


def test_leading_system_messages_go_apart_and_later_ones_stay_where_they_are_for_the_cached_prefix() -> None:
    """Gotcha 27: who moves later instructions to the front empties the cache."""
    made = written({"role": "system", "content": "A"}, {"role": "developer", "content": "B"}, HI, {"role": "system", "content": "C"})
    assert made["system"] == [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
    assert made["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "C"}]}]


def test_results_of_one_turn_stand_in_one_message_before_any_text_and_a_missing_one_is_an_error() -> None:
    made = written(
        HI,
        {"role": "assistant", "content": None, "tool_calls": [call("a", "{}", "1"), call("b", "", "2"), call("c", "no json", "3")]},
        {"role": "tool", "tool_call_id": "2", "content": "two"},
        {"role": "user", "content": "and?"},
        {"role": "tool", "tool_call_id": "1", "content": "", "is_error": True},
    )
    assert [block["input"] for block in made["messages"][1]["content"]] == [{}, {}, {"input": "no json"}]
    assert made["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "1", "is_error": True},
        {"type": "tool_result", "tool_use_id": "2", "content": [{"type": "text", "text": "two"}]},
        {"type": "tool_result", "tool_use_id": "3", "content": "No result.", "is_error": True},
        {"type": "text", "text": "and?"},
    ]


def test_a_conversation_begins_with_the_user_has_no_empty_text_and_no_blank_at_the_end_of_a_prefill() -> None:
    made = written({"role": "assistant", "content": "Hello"}, {"role": "user", "content": ""}, {"role": "assistant", "content": "So "})
    assert [(turn["role"], turn["content"][0]["text"]) for turn in made["messages"]] == [
        ("user", "."),
        ("assistant", "Hello"),
        ("user", "."),
        ("assistant", "So"),
    ]


def test_pictures_travel_by_url_or_under_the_type_that_their_bytes_show() -> None:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in ("https://a.test/x.png", PIXEL)]
    blocks = written({"role": "user", "content": parts})["messages"][0]["content"]
    assert blocks[0]["source"] == {"type": "url", "url": "https://a.test/x.png"}
    assert (blocks[1]["source"]["media_type"], blocks[1]["source"]["data"]) == ("image/png", PIXEL.partition(",")[2])


def test_documents_travel_with_their_names_and_cache_marks_stay() -> None:
    part = {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0x", "filename": "a.pdf"}}
    made = written({"role": "user", "content": [{**part, "cache_control": {"type": "ephemeral"}}]})
    assert made["messages"][0]["content"] == [
        {
            "type": "document",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0x"},
            "title": "a.pdf",
            "cache_control": {"type": "ephemeral"},
        }
    ]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"n": 2}, "n"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        (
            {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}]},
            "input_audio",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]}, "messages.content.file_id"),
        ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0].type"),
        ({"web_search_options": {}}, "web_search_options"),
    ],
)
def test_what_has_no_words_here_is_refused_by_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Unexpressible) as refused:
        written(**fields) if "messages" not in fields else written(*fields["messages"])
    assert refused.value.field.endswith(name)


def test_what_the_table_drops_is_dropped() -> None:
    made = written(seed=1, logprobs=True, top_logprobs=2, logit_bias={}, frequency_penalty=1, presence_penalty=1, store=True)
    assert set(made) == {"model", "max_tokens", "messages"}


def test_tools_get_a_whole_schema_and_long_names_come_back() -> None:
    """Gotcha 26: a schema without its type is a 400."""
    made = written(tools=[tool("a.b"), tool("get", type="object", properties={"x": {}})])
    assert made["tools"][0]["input_schema"] == {"type": "object", "properties": {}}
    assert made["tools"][0]["name"].startswith("a_b_")
    assert made["tools"][1]["name"] == "get"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "required"}, {"type": "any"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": {"type": "function", "function": {"name": "get"}}}, {"type": "tool", "name": "get"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
    ],
)
def test_the_choice_of_tools_is_translated(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert written(tools=[tool()], **fields)["tool_choice"] == expected
    assert "tool_choice" not in written(**fields)


def test_sampling_is_clamped_and_never_both_kinds() -> None:
    """Gotcha 24: models refuse a temperature, or one beside top_p."""
    made = written(temperature=1.7, top_p=0.5, top_k=4)
    assert {name: made.get(name) for name in ("temperature", "top_p", "top_k")} == {"temperature": 1.0, "top_p": None, "top_k": 4}
    assert written(top_p=0.5)["top_p"] == 0.5


@pytest.mark.parametrize(
    ("model", "fields", "thinking", "effort"),
    [
        ("claude-sonnet-4-5", {"reasoning_effort": "high"}, {"type": "enabled", "budget_tokens": 4096}, None),
        ("claude-3-7-sonnet-20250219", {"reasoning_effort": "low"}, {"type": "enabled", "budget_tokens": 1024}, None),
        ("claude-opus-4-6", {"reasoning_effort": "minimal"}, {"type": "adaptive", "display": "summarized"}, "low"),
        ("claude-opus-4-8", {"reasoning_effort": "xhigh"}, {"type": "adaptive", "display": "summarized"}, "xhigh"),
        ("claude-sonnet-4-5", {"reasoning_effort": "none"}, None, None),
        ("claude-sonnet-4-5", {"reasoning_effort": "high", "max_tokens": 2000}, {"type": "enabled", "budget_tokens": 1999}, None),
        ("claude-sonnet-4-5", {"reasoning_effort": "high", "max_tokens": 500}, None, None),
        ("claude-sonnet-4-5", {"reasoning_effort": "high", "tools": [tool()], "tool_choice": "required"}, None, None),
    ],
)
def test_effort_becomes_a_way_of_thinking(model: str, fields: dict[str, Any], thinking: Any, effort: str | None) -> None:
    made = written(model=model, temperature=0.2, **fields)
    assert (made.get("thinking"), made.get("output_config", {}).get("effort")) == (thinking, effort)
    assert ("temperature" in made) is (thinking is None)


def test_thinking_is_left_out_where_the_history_has_lost_its_thoughts_and_kept_with_their_signature() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
    turn = {"role": "assistant", "content": None, "tool_calls": [call("get", "{}")]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "1"}
    lost = written(HI, turn, result, tools=[tool()], reasoning_effort="high")
    kept = written(HI, {**turn, "thinking_blocks": [block]}, result, tools=[tool()], reasoning_effort="high")
    assert "thinking" not in lost
    assert kept["thinking"]["type"] == "enabled"
    assert kept["messages"][1]["content"][0] == block


def test_answers_by_schema_close_every_object_and_json_without_one_is_asked_in_words() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "object"}}}}
    made = written(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})
    closed = made["output_config"]["format"]["schema"]
    assert (closed["additionalProperties"], closed["properties"]["a"]["items"]["additionalProperties"]) == (False, False)
    assert "JSON" in written(response_format={"type": "json_object"})["system"][0]["text"]


def test_blank_stop_sequences_are_left_out_and_the_user_is_a_digest() -> None:
    made = written(stop=["END", " \n"], user="ann@shop.test")
    assert made["stop_sequences"] == ["END"]
    assert len(made["metadata"]["user_id"]) == 32
