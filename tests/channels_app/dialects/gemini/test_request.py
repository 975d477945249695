"""Canonical requests written for Gemini; each rule was somebody's bug."""

from __future__ import annotations

from typing import Any

import pytest

from channels_app.contract import ChannelFacts
from channels_app.dialects.gemini import request, schema
from channels_app.faces import Unexpressible

HI = {"role": "user", "content": "Hi"}


def written(
    *messages: dict[str, Any], model: str = "gemini-2.5-flash", options: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    channel = ChannelFacts(1, "c", 1, "gemini", "", (), {}, options=options or {})
    made = request.write({"messages": list(messages or [HI]), **fields}, channel, upstream_model=model)
    made.pop("safetySettings")
    return made


def call(identity: str, name: str = "get", signature: str = "") -> dict[str, Any]:
    made: dict[str, Any] = {"id": identity, "type": "function", "function": {"name": name, "arguments": '{"a":1}'}}
    return {**made, "extra_content": {"google": {"thought_signature": signature}}} if signature else made


def tool(**parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "get", "parameters": parameters}}


def test_a_conversation_of_system_messages_alone_still_has_a_user() -> None:
    made = written({"role": "system", "content": "Be brief."})
    assert made == {"contents": [{"role": "user", "parts": [{"text": "."}]}], "systemInstruction": {"parts": [{"text": "Be brief."}]}}


def test_parallel_results_stand_in_one_content_under_the_names_of_their_calls() -> None:
    made = written(
        HI,
        {"role": "assistant", "content": None, "tool_calls": [call("1", "a"), call("2", "b")]},
        {"role": "tool", "tool_call_id": "1", "content": '{"x":1}'},
        {"role": "tool", "tool_call_id": "2", "content": "plain", "is_error": True},
    )
    assert made["contents"][1]["parts"] == [{"functionCall": {"name": name, "args": {"a": 1}}} for name in ("a", "b")]
    assert made["contents"][2] == {
        "role": "user",
        "parts": [
            {"functionResponse": {"name": "a", "response": {"x": 1}}},
            {"functionResponse": {"name": "b", "response": {"error": "plain"}}},
        ],
    }


def test_a_thought_signature_goes_back_and_a_lost_one_is_skipped_for_models_that_insist() -> None:
    turn = {"role": "assistant", "content": None, "tool_calls": [call("1", signature="Cg=="), call("2")]}
    kept = written(HI, turn, model="gemini-3-pro")["contents"][1]["parts"]
    assert [part.get("thoughtSignature") for part in kept] == ["Cg==", None]
    lost = written(HI, {**turn, "tool_calls": [call("1")]}, model="gemini-3-pro")["contents"][1]["parts"]
    assert lost[0]["thoughtSignature"] == request.SKIPPED
    old = written(HI, {**turn, "tool_calls": [call("1")]})["contents"][1]["parts"]
    assert "thoughtSignature" not in old[0]


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash", "minimal", {"thinkingBudget": 1, "includeThoughts": True}),
        ("gemini-2.5-flash-lite", "minimal", {"thinkingBudget": 512, "includeThoughts": True}),
        ("gemini-2.5-pro", "minimal", {"thinkingBudget": 128, "includeThoughts": True}),
        ("gemini-2.5-pro", "high", {"thinkingBudget": 4096, "includeThoughts": True}),
        ("gemini-3-pro", "low", {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-3-pro", "minimal", {"thinkingLevel": "LOW", "includeThoughts": True}),
        ("gemini-3-flash", "minimal", {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
        ("gemini-3-pro", "max", {"thinkingLevel": "HIGH", "includeThoughts": True}),
        ("gemini-2.0-flash", "high", None),
        ("gemini-2.5-pro", None, None),
    ],
)
def test_effort_is_a_level_or_a_budget_and_never_both(model: str, effort: str | None, expected: dict[str, Any] | None) -> None:
    assert written(model=model, reasoning_effort=effort).get("generationConfig", {}).get("thinkingConfig") == expected


def test_settings_are_renamed_and_stops_cut_to_five() -> None:
    made = written(temperature=1.5, top_p=0.5, max_completion_tokens=9, stop=list("abcdefg"), n=2, seed=3, logprobs=True, top_logprobs=4)
    assert made["generationConfig"] == {
        "temperature": 1.5,
        "topP": 0.5,
        "seed": 3,
        "candidateCount": 2,
        "maxOutputTokens": 9,
        "stopSequences": list("abcde"),
        "responseLogprobs": True,
        "logprobs": 4,
    }


def test_tools_have_whole_schemas_on_current_models_and_the_subset_on_older_ones() -> None:
    parameters = {"type": "object", "properties": {"a": {"type": ["string", "null"], "default": "x"}}, "additionalProperties": False}
    now = written(tools=[tool(**parameters)], tool_choice="required")
    assert now["tools"][0]["functionDeclarations"][0]["parametersJsonSchema"] == parameters
    assert now["toolConfig"] == {"functionCallingConfig": {"mode": "ANY"}}
    old = written(tools=[tool(**parameters)], model="gemini-1.5-pro")
    assert old["tools"][0]["functionDeclarations"][0]["parameters"] == {
        "type": "object",
        "properties": {"a": {"type": "string", "nullable": True}},
    }
    assert set(written(tools=[tool()])["tools"][0]["functionDeclarations"][0]) == {"name", "description"}


def test_the_subset_resolves_references_and_tells_unions_and_constants() -> None:
    """Gotcha 26: older models know a part of JSON schema."""
    whole = {
        "$defs": {"P": {"type": "object", "properties": {"n": {"type": "integer", "enum": [1]}}}},
        "type": "object",
        "properties": {
            "p": {"$ref": "#/$defs/P"},
            "u": {"oneOf": [{"type": "string", "format": "email"}, {"type": "null"}]},
            "c": {"type": "string", "const": "k"},
        },
    }
    assert schema.subset(whole)["properties"] == {
        "p": {"type": "object", "properties": {"n": {"type": "integer"}}},
        "u": {"type": "string", "nullable": True},
        "c": {"type": "string", "enum": ["k"]},
    }


def test_answers_by_schema_and_safety_follow_the_channel() -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    assert written(response_format=asked)["generationConfig"] == {
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
    }
    assert written(response_format={"type": "json_object"})["generationConfig"] == {"responseMimeType": "application/json"}
    channel = ChannelFacts(1, "c", 1, "gemini", "", (), {}, options={"safety": "OFF"})
    thresholds = {one["threshold"] for one in request.write({"messages": [HI]}, channel, upstream_model="m")["safetySettings"]}
    assert thresholds == {"OFF"}


def test_sound_and_documents_travel_as_data() -> None:
    parts = [
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0x", "filename": "a.pdf"}},
    ]
    assert written({"role": "user", "content": parts})["contents"][0]["parts"] == [
        {"inlineData": {"mimeType": "audio/mp3", "data": "AAAA"}},
        {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0x"}},
    ]


@pytest.mark.parametrize(
    ("fields", "name"), [({"modalities": ["audio"]}, "modalities"), ({"web_search_options": {}}, "web_search_options")]
)
def test_what_has_no_words_here_is_refused_by_name(fields: dict[str, Any], name: str) -> None:
    with pytest.raises(Unexpressible) as refused:
        written(**fields)
    assert refused.value.field == name
