"""Messages requests said canonically, and from there to OpenAI-type upstreams."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.chat_rewrite import write_chat
from channels_app.dialects.anthropic import opaque
from channels_app.dialects.anthropic.understand import understand
from channels_app.faces import Unexpressible


def canonical(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return understand({"model": "m", "max_tokens": 9, "messages": list(messages) or [{"role": "user", "content": "Hi"}], **fields})


def sent(*messages: dict[str, Any], model: str = "up", **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(write_chat(canonical(*messages, **fields), upstream_model=model, is_stream=False))
    return found


def test_a_turn_with_results_of_tools_becomes_tool_messages_first_and_their_pictures_follow() -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    made = sent(
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "get", "input": {"a": 1}}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "and now?"},
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "look"}, image], "is_error": True},
            ],
        },
    )
    assert made["messages"] == [
        {
            "role": "assistant",
            "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "get", "arguments": '{"a":1}'}}],
            "content": None,
        },
        {"role": "tool", "tool_call_id": "t1", "content": "Error: look\n[image_url]"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
        {"role": "user", "content": "and now?"},
    ]


def test_cache_marks_and_thoughts_are_kept_canonically_and_kept_from_openai() -> None:
    system = [{"type": "text", "text": "S", "cache_control": {"type": "ephemeral"}}]
    thought = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
    messages = ({"role": "user", "content": "Hi"}, {"role": "assistant", "content": [thought, {"type": "text", "text": "Yes"}]})
    found = canonical(*messages, system=system)
    assert found["messages"][0]["content"] == system
    assert found["messages"][2]["thinking_blocks"] == [thought]
    raw = orjson.dumps(sent(*messages, system=system))
    assert b"cache_control" not in raw
    assert b"EqQB" not in raw
    assert b"hm" not in raw
    assert b"reasoning_content" in orjson.dumps(sent(*messages, model="deepseek-chat"))


def test_tools_lose_their_type_and_names_longer_than_64_come_back_by_a_map() -> None:
    long = "x" * 100
    made = sent(tools=[{"type": "custom", "name": long, "input_schema": {"type": "object"}}], tool_choice={"type": "tool", "name": long})
    name = made["tools"][0]["function"]["name"]
    assert len(name) == 64
    assert made["tools"][0]["function"]["parameters"] == {"type": "object"}
    assert made["tool_choice"]["function"]["name"] == name


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 5000}}, "high"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "adaptive"}}, "medium"),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "max"),
        ({"thinking": {"type": "disabled"}}, None),
        ({}, None),
    ],
)
def test_thinking_becomes_an_effort_but_not_for_models_that_refuse_one(fields: dict[str, Any], effort: str | None) -> None:
    assert sent(model="o4-mini", **fields).get("reasoning_effort") == effort
    assert "reasoning_effort" not in sent(model="gpt-4o", **fields)


def test_limits_stops_and_users_fit_openai() -> None:
    made = sent(model="gpt-5", stop_sequences=list("abcde"), metadata={"user_id": "x" * 300}, top_k=3)
    assert made["max_completion_tokens"] == 9
    assert "max_tokens" not in made
    assert made["stop"] == ["a", "b", "c", "d"]
    assert len(made["user"]) == 32
    assert "top_k" not in made


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"mcp_servers": [{"url": "x"}]}, "mcp_servers"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "file", "file_id": "f"}}]}]},
            "messages.content.source",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "container_upload"}]}]}, "messages.content.type"),
    ],
)
def test_what_runs_at_anthropic_only_is_refused_by_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Unexpressible) as refused:
        understand({"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields})
    assert refused.value.field == name


def test_signatures_of_other_vendors_come_back_out_of_redacted_thoughts() -> None:
    blocks = [
        opaque.wrap("item", {"data": "gAAA", "id": "rs_1"}),
        opaque.wrap("signature", {"id": "t1", "signature": "Cg=="}),
        {"type": "tool_use", "id": "t1", "name": "get", "input": {}},
        {"type": "redacted_thinking", "data": "theirs"},
    ]
    message = canonical({"role": "assistant", "content": blocks})["messages"][0]
    assert message["reasoning_details"] == [{"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1"}]
    assert message["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "Cg=="}}
    assert message["thinking_blocks"] == [{"type": "redacted_thinking", "data": "theirs"}]
