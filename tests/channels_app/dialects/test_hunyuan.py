"""Tencent's own interface to Hunyuan: PascalCase, roles in turn, errors inside a 200, events that are not wrapped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from channels_app.contract import Usage
from tests.channels_app import talk
from tests.doubles import replies
from tests.doubles.china import hunyuan
from tests.doubles.china.hunyuan import Hunyuan

KEY = f"{hunyuan.APP_ID}|{hunyuan.SECRET_ID}|{hunyuan.SECRET_KEY}"
TOOLS = [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]


@pytest.fixture
def vendor() -> Iterator[Hunyuan]:
    with Hunyuan() as started:
        yield started


def ask(vendor: Hunyuan, model: str = "hunyuan-lite", **fields: Any) -> talk.Said:
    return talk.ask(talk.channel("hunyuan_tc3", vendor.origin, KEY), model, **fields)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_through(vendor: Hunyuan, stream: bool) -> None:
    assert talk.is_greeting(ask(vendor, stream=stream))
    assert (vendor.requests[-1].path, vendor.requests[-1].headers["x-tc-action"]) == ("/", "ChatCompletions")


def test_the_signed_bytes_are_the_sent_bytes_also_beyond_ascii(vendor: Hunyuan) -> None:
    assert talk.is_greeting(ask(vendor, messages=[{"role": "user", "content": "你好 😀"}]))


def test_roles_come_in_turn_the_system_first_and_reasoning_stays_at_home(vendor: Hunyuan) -> None:
    messages = [
        {"role": "assistant", "content": "Hello", "reasoning_content": "secret"},
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": ""},
    ]
    assert ask(vendor, messages=messages).failure is None
    assert vendor.requests[-1].fields["Messages"] == [
        {"Role": "system", "Content": "Be brief."},
        {"Role": "user", "Content": "Go on."},
        {"Role": "assistant", "Content": "Hello"},
        {"Role": "user", "Content": "a\nb"},
    ]


def test_at_most_forty_messages_are_sent_the_newest(vendor: Hunyuan) -> None:
    messages = [{"role": "user" if place % 2 == 0 else "assistant", "content": str(place)} for place in range(61)]
    assert ask(vendor, messages=[{"role": "system", "content": "s"}, *messages]).failure is None
    sent = vendor.requests[-1].fields["Messages"]
    assert (len(sent), sent[0]["Role"], sent[1]["Role"], sent[-1]["Content"]) == (40, "system", "user", "60")


def test_pictures_and_tools_are_said_its_way(vendor: Hunyuan) -> None:
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "what"}, {"type": "image_url", "image_url": {"url": "https://x.test/1.png"}}],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": ""},
    ]
    choice = {"type": "function", "function": {"name": "f"}}
    assert ask(vendor, messages=messages, tools=TOOLS, tool_choice=choice).failure is None
    sent = vendor.requests[-1].fields
    assert sent["Messages"][0]["Contents"] == [
        {"Type": "text", "Text": "what"},
        {"Type": "image_url", "ImageUrl": {"Url": "https://x.test/1.png"}},
    ]
    assert sent["Messages"][1]["ToolCalls"] == [{"Id": "c1", "Type": "function", "Function": {"Name": "f", "Arguments": "{}"}}]
    assert sent["Messages"][2] == {"Role": "tool", "Content": " ", "ToolCallId": "c1"}
    assert sent["Tools"] == [{"Type": "function", "Function": {"Name": "f", "Parameters": '{"type":"object"}', "Description": "d"}}]
    assert (sent["ToolChoice"], sent["CustomTool"]) == ("custom", {"Type": "function", "Function": {"Name": "f"}})


def test_numbers_stay_inside_the_bounds_and_there_is_no_limit_of_output(vendor: Hunyuan) -> None:
    ask(vendor, temperature=3, top_p=2, seed=0, stop="x", max_tokens=5)
    sent = vendor.requests[-1].fields
    assert (sent["Temperature"], sent["TopP"], sent["Seed"], sent["Stop"]) == (2, 1, 1, ["x"])
    assert not any("token" in name.lower() for name in sent)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("AuthFailure.SignatureFailure", "bad_key"),
        ("FailedOperation.ServiceStopArrears", "no_quota"),
        ("ResourceUnavailable.LowBalance", "no_quota"),
        ("LimitExceeded", "rate_limited"),
        ("OperationDenied.TextIllegalDetected", "content_filter"),
        ("InvalidParameterValue.Model", "not_found"),
        ("InvalidParameterValue", "bad_request"),
        ("InternalError", "upstream"),
        ("FailedOperation.EngineServerLimitExceeded", "rate_limited"),
    ],
)
def test_an_error_in_a_200_is_found_before_the_client_is_answered(vendor: Hunyuan, stream: bool, code: str, kind: str) -> None:
    vendor.script(hunyuan.error(code))
    said = ask(vendor, stream=stream)
    assert (said.kind, said.failure and said.failure.code) == (kind, code)


def test_a_failing_stream_says_so_in_an_event(vendor: Hunyuan) -> None:
    told = b"data: " + orjson.dumps({"ErrorMsg": {"Msg": "engine", "Code": 4001}, "Choices": []}) + b"\n\n"
    vendor.script(replies.raw_stream(hunyuan.frame({"Role": "assistant", "Content": "He"}), told))
    said = ask(vendor, stream=True)
    assert (said.text, said.kind) == ("He", "upstream")


def test_a_sensitive_end_is_a_filtered_answer_and_usage_is_overwritten(vendor: Hunyuan) -> None:
    vendor.script(hunyuan.stream(("a", "b"), finish="sensitive"))
    said = ask(vendor, stream=True)
    assert (said.reason, said.usage) == ("content_filter", Usage(input=12, output=2))


@pytest.mark.parametrize("stream", [False, True])
def test_pieces_of_tool_calls_belong_together_by_their_id(vendor: Hunyuan, stream: bool) -> None:
    def piece(identity: str, name: str, arguments: str) -> dict[str, Any]:
        return {"Id": identity, "Type": "function", "Function": {"Name": name, "Arguments": arguments}}

    if stream:
        vendor.script(
            replies.raw_stream(
                hunyuan.frame({"Role": "assistant", "Content": "", "ToolCalls": [piece("c1", "f", '{"a":')]}),
                hunyuan.frame({"ToolCalls": [piece("c1", "", "1}")]}),
                hunyuan.frame({"ToolCalls": [piece("c2", "g", "{}")]}, "tool_calls"),
            )
        )
    else:
        vendor.script(
            hunyuan.answer({"Role": "assistant", "ToolCalls": [piece("c1", "f", '{"a":1}'), piece("c2", "g", "{}")]}, "tool_calls")
        )
    said = ask(vendor, stream=stream, tools=TOOLS)
    assert (said.tools, said.reason) == ([("f", '{"a":1}'), ("g", "{}")], "tool_calls")


def test_embeddings_come_in_openais_form(vendor: Hunyuan) -> None:
    said = ask(vendor, "hunyuan-embedding", operation="embeddings", input=["a", "b"])
    assert vendor.requests[-1].headers["x-tc-action"] == "GetEmbedding"
    assert [one["index"] for one in said.body["data"]] == [0, 1]
    assert said.usage == Usage(input=3)
    vendor.script(hunyuan.error("LimitExceeded"))
    assert ask(vendor, "hunyuan-embedding", operation="embeddings", input="a").kind == "rate_limited"
