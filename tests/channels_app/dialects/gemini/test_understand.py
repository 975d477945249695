"""generateContent requests said canonically, in either spelling; and what comes back keeps every signature."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.contract import Call
from channels_app.deltas import Delta, Finish, Opaque, Reasoning, Text, ToolArguments, ToolStart
from channels_app.dialects.gemini.understand import understand
from channels_app.dialects.gemini.writer import response
from channels_app.faces import Unexpressible


def canonical(*contents: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return understand("m", {"contents": list(contents) or [{"role": "user", "parts": [{"text": "Hi"}]}], **fields})


def test_both_spellings_are_understood() -> None:
    snake = canonical(
        system_instruction={"parts": [{"text": "S"}]},
        generation_config={"max_output_tokens": 9, "stop_sequences": ["END"], "response_mime_type": "application/json"},
        tools=[
            {"function_declarations": [{"name": "get_it", "parameters": {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}}}]}
        ],
    )
    camel = canonical(
        systemInstruction={"parts": [{"text": "S"}]},
        generationConfig={"maxOutputTokens": 9, "stopSequences": ["END"], "responseMimeType": "application/json"},
        tools=[{"functionDeclarations": [{"name": "get_it", "parameters": {"type": "OBJECT", "properties": {"a_b": {"type": "STRING"}}}}]}],
    )
    assert snake == camel
    assert snake["tools"][0]["function"]["parameters"] == {"type": "object", "properties": {"a_b": {"type": "string"}}}
    assert (snake["max_tokens"], snake["stop"], snake["response_format"]) == (9, ["END"], {"type": "json_object"})


def test_results_find_their_calls_by_name_and_order_where_there_are_no_ids() -> None:
    made = canonical(
        {"role": "model", "parts": [{"functionCall": {"name": "a", "args": {}}}, {"functionCall": {"name": "a", "args": {"x": 1}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {"result": text}}} for text in ("1", "2")]},
    )["messages"]
    called = [call["id"] for call in made[0]["tool_calls"]]
    assert len(set(called)) == 2
    assert [(one["tool_call_id"], one["content"]) for one in made[1:]] == [(called[0], "1"), (called[1], "2")]


@pytest.mark.parametrize(
    ("thinking", "effort"),
    [
        ({"thinkingBudget": 0}, "none"),
        ({"thinkingBudget": -1}, None),
        ({"thinkingBudget": 600}, "minimal"),
        ({"thinkingBudget": 4096}, "high"),
        ({"thinkingLevel": "LOW"}, "low"),
        ({"includeThoughts": True}, None),
    ],
)
def test_thinking_becomes_an_effort_and_a_dynamic_budget_stays_the_models(thinking: dict[str, Any], effort: str | None) -> None:
    assert canonical(generationConfig={"thinkingConfig": thinking}).get("reasoning_effort") == effort


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
        ({"cachedContent": "cachedContents/1"}, "cachedContent"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "https://youtu.be/x"}}]}]}, "contents.parts.fileData"),
        ({"contents": [{"parts": [{"inlineData": {"mimeType": "video/mp4", "data": "AA"}}]}]}, "contents.parts.inlineData.mimeType"),
    ],
)
def test_what_lies_or_runs_at_google_only_is_refused_by_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Unexpressible) as refused:
        understand("m", {"contents": [], **fields})
    assert refused.value.field == name


def test_a_response_that_comes_back_brings_every_signature_with_it() -> None:
    call = Call("chat", "gemini", "m", b"{}", {})
    deltas: list[Delta] = [
        Reasoning("hm"),
        Opaque("signature", "EqQB"),
        Opaque("reasoning_item", "gAAA", "rs_1"),
        Text("Hi"),
        ToolStart(0, "t1", "get", signature="Cg=="),
        ToolArguments(0, '{"a":1}'),
        Finish("tool_calls"),
    ]
    content = orjson.loads(response(call, deltas, request_id="ab"))["candidates"][0]["content"]
    assert canonical(content)["messages"] == [
        {
            "role": "assistant",
            "content": "Hi",
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "get", "arguments": '{"a":1}'},
                    "extra_content": {"google": {"thought_signature": "Cg=="}},
                }
            ],
            "reasoning_content": "hm",
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "EqQB"}],
            "reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAA", "id": "rs_1"}],
        }
    ]
