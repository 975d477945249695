"""Responses requests said canonically, and canonical ones written as Responses."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.dialects.responses import opaque, request
from channels_app.dialects.responses.understand import understand
from channels_app.faces import Unexpressible


def canonical(*items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return understand({"model": "m", "input": list(items) or "Hi", **fields})


def test_a_text_is_one_users_message_after_the_instructions() -> None:
    assert canonical(instructions="Be brief.")["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
    ]


def test_what_was_thought_said_and_called_in_one_turn_is_one_message() -> None:
    made = canonical(
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "gAAA"},
        {"role": "assistant", "content": [{"type": "output_text", "text": "Let me look."}]},
        {"type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "c1", "output": "one"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"}]},
        {"type": "web_search_call", "id": "ws_1", "status": "completed"},
    )["messages"]
    assert made == [
        {
            "role": "assistant",
            "content": "Let me look.",
            "reasoning_content": "hm",
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1"}],
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{}"}},
                {"id": "c2", "type": "function", "function": {"name": "patch", "arguments": '{"input":"*** Begin"}'}},
            ],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
        {"role": "tool", "tool_call_id": "c2", "content": "two"},
    ]


def test_signatures_of_other_vendors_come_back_out_of_sealed_reasoning() -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "EqQB"}
    made = canonical(
        {"type": "reasoning", "summary": [], "encrypted_content": opaque.wrap({"block": block})},
        {"type": "reasoning", "summary": [], "encrypted_content": opaque.wrap({"id": "c1", "signature": "Cg=="})},
        {"type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}"},
    )["messages"][0]
    assert made["thinking_blocks"] == [block]
    assert made["tool_calls"][0]["extra_content"] == {"google": {"thought_signature": "Cg=="}}
    assert "reasoning_details" not in made


def test_flat_tools_are_nested_optional_ones_left_out_and_formats_moved() -> None:
    made = canonical(
        tools=[
            {"type": "function", "name": "a", "parameters": {}, "strict": True},
            {"type": "web_search"},
            {"type": "namespace", "name": "x"},
        ],
        tool_choice={"type": "function", "name": "a"},
        text={"format": {"type": "json_schema", "name": "n", "schema": {}, "strict": True}, "verbosity": "low"},
        reasoning={"effort": "high"},
        max_output_tokens=9,
    )
    assert made["tools"] == [{"type": "function", "function": {"name": "a", "parameters": {}, "strict": True}}]
    assert made["tool_choice"] == {"type": "function", "function": {"name": "a"}}
    assert made["response_format"] == {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True}}
    assert (made["verbosity"], made["reasoning_effort"], made["max_tokens"]) == ("low", "high", 9)


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "c"}}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"tools": [{"type": "file_search", "vector_store_ids": ["v"]}]}, "tools[0].type"),
        ({"tools": [{"type": "mcp", "server_url": "x"}]}, "tools[0].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}, "input.content.file_id"),
    ],
)
def test_what_lies_or_runs_upstream_is_refused_by_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Unexpressible) as refused:
        understand({"model": "m", "input": "Hi", **fields})
    assert refused.value.field == name


def test_a_canonical_conversation_written_as_items_is_understood_as_it_was() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "S"},
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": "Yes",
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1"}],
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "a", "arguments": '{"x":1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "one"},
    ]
    made = request.write({"messages": messages, "max_tokens": 5, "stop": "x"}, upstream_model="up", is_stream=True)
    assert (made["model"], made["store"], made["stream"], made["max_output_tokens"]) == ("up", False, True, 16)
    assert "stop" not in made
    assert understand(made)["messages"] == messages


def test_several_answers_at_once_are_refused() -> None:
    with pytest.raises(Unexpressible) as refused:
        request.write({"messages": [], "n": 2}, upstream_model="up", is_stream=False)
    assert refused.value.field == "n"
