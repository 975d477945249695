"""The stream normaliser: every defect seen in the wild comes out as a stream the official client reads."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from typing import Any

import httpx2
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels_app.chat_parts import ToolNames
from channels_app.chat_stream import ChatReader
from channels_app.contract import Frame, FrameKind, Usage
from tests.doubles import replies
from tests.doubles.defects import FAILURES, OPEN, PLAIN, STREAMS, Stream
from tests.doubles.replies import DONE, chunk, event

MODEL = "public-model"


def read(*pieces: bytes, wants_usage: bool = True, model: str = MODEL) -> list[Frame]:
    reader = ChatReader(model=model, wants_usage=wants_usage, request_id="0190-abc", created=1_700_000_000)
    return [frame for piece in pieces for frame in reader.feed(piece)] + list(reader.end())


def shown(frames: Sequence[Frame]) -> bytes:
    return b"".join(frame.data for frame in frames)


def payloads(frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """Return the chunks a client sees, and check that everything else is a comment or the end mark."""
    found = []
    for part in shown(frames).split(b"\n\n"):
        if part and not part.startswith(b":") and part != b"data: [DONE]":
            assert part.startswith(b"data: {"), part
            found.append(json.loads(part[6:]))
    return found


@pytest.mark.parametrize("wants_usage", [True, False])
@pytest.mark.parametrize("name", STREAMS)
def test_every_rule_holds_for_every_defect(name: str, wants_usage: bool) -> None:
    """Gotchas 7, 8, 15, 16, 19, 20 and 21: see the names of the defects."""
    stream = STREAMS[name]
    frames = read(stream.body, wants_usage=wants_usage)
    chunks = payloads(frames)
    assert shown(frames).endswith(DONE)
    assert shown(frames).count(b"[DONE]") == 1
    assert len({(item["id"], item["created"], item["object"], item["model"]) for item in chunks}) == 1
    assert (chunks[0]["object"], chunks[0]["model"]) == ("chat.completion.chunk", MODEL)
    assert chunks[0]["choices"][0]["index"] == 0
    _check_usage(chunks, stream, wants_usage)
    _check_choices([choice for item in chunks for choice in item["choices"]], stream)


def _check_usage(chunks: list[dict[str, Any]], stream: Stream, wants_usage: bool) -> None:
    told = [item["usage"] for item in chunks if item.get("usage")]
    if wants_usage and stream.has_usage:
        assert told == [replies.USAGE]
        assert (chunks[-1]["usage"], chunks[-1]["choices"]) == (replies.USAGE, [])
    else:
        assert told == []
    assert wants_usage or not any("usage" in item for item in chunks)


def _check_choices(choices: list[dict[str, Any]], stream: Stream) -> None:
    reasons: dict[int, list[str]] = {}
    seen: set[int] = set()
    for choice in choices:
        delta = choice["delta"]
        assert ("role" in delta) == (choice["index"] not in seen)
        seen.add(choice["index"])
        if choice.get("finish_reason") is not None:
            reasons.setdefault(choice["index"], []).append(choice["finish_reason"])
        else:
            assert choice["index"] not in reasons
        for call in delta.get("tool_calls") or ():
            assert type(call["index"]) is int
    assert reasons == {index: [reason] for index, reason in stream.finish.items()}
    first = [choice["delta"] for choice in choices if choice["index"] == 0]
    assert "".join(delta.get("content") or "" for delta in first) == stream.text


def sdk(body: bytes) -> openai.OpenAI:
    """Return the official client in front of these bytes."""
    answer = httpx2.MockTransport(lambda _: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body))
    return openai.OpenAI(api_key="sk-x", base_url="http://relay.test/v1", max_retries=0, http_client=httpx2.Client(transport=answer))


@pytest.mark.parametrize("name", STREAMS)
def test_the_official_client_reads_every_defect(name: str) -> None:
    """Gotchas 17 and 18: see the names of the defects with tools."""
    stream = STREAMS[name]
    with sdk(shown(read(stream.body))) as client, client.chat.completions.stream(model=MODEL, messages=[]) as events:
        for _ in events:
            pass
        completion = events.current_completion_snapshot
    message = completion.choices[0].message
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or () if call.type == "function"]
    assert (message.content or "", calls, message.role) == (stream.text, list(stream.tools), "assistant")
    assert {choice.index: choice.finish_reason for choice in completion.choices} == stream.finish
    assert (completion.usage is not None) == stream.has_usage


def named(*fragments: dict[str, Any], tools: Sequence[str] = ("get", "get_weather", "get_weather_of_week")) -> list[dict[str, Any]]:
    """Return the fragments of tool calls that a client sees which has declared these tools."""
    goes_on = ToolNames({"tools": [{"type": "function", "function": {"name": name}} for name in tools]}).may_go_on
    reader = ChatReader(model=MODEL, wants_usage=False, request_id="r", created=1, goes_on=goes_on)
    body = [OPEN, *(chunk({"tool_calls": [fragment]}) for fragment in fragments), chunk({}, "tool_calls")]
    frames = [frame for item in body for frame in reader.feed(event(item))] + list(reader.end())
    return [call for item in payloads(frames) for choice in item["choices"] for call in choice["delta"].get("tool_calls") or ()]


def _part(name: str | None = None, arguments: str | None = None, index: int = 0, **rest: Any) -> dict[str, Any]:
    given = {"name": name, "arguments": arguments}
    return {"index": index, **rest, "function": {key: value for key, value in given.items() if value is not None}}


FIRST = {"index": 0, "id": "c1", "type": "function"}


@pytest.mark.parametrize(
    ("fragments", "seen"),
    [
        (
            [_part("get_w", "", id="c1", type="function"), _part("eather"), _part(None, "{}")],
            [{**FIRST, "function": {"name": "get_weather", "arguments": ""}}, _part(None, "{}")],
        ),
        ([_part("get", "", id="c1"), _part(None, "{}")], [{**FIRST, "function": {"name": "get", "arguments": ""}}, _part(None, "{}")]),
        ([_part("get_w", "{}", id="c1")], [{**FIRST, "function": {"name": "get_w", "arguments": "{}"}}]),
        ([_part("get_w", "", id="c1"), _part(None, "{}")], [{**FIRST, "function": {"name": "get_w", "arguments": "{}"}}]),
        ([_part("get_w", "", id="c1")], [{**FIRST, "function": {"name": "get_w", "arguments": ""}}]),
        (
            [_part("get_w", "", id="c1"), _part("get", "{}", 1, id="c2")],
            [
                {**FIRST, "function": {"name": "get_w", "arguments": ""}},
                {"index": 1, "id": "c2", "type": "function", "function": {"name": "get", "arguments": "{}"}},
            ],
        ),
    ],
)
def test_a_tools_name_in_fragments_is_said_once_and_whole(fragments: list[dict[str, Any]], seen: list[dict[str, Any]]) -> None:
    """Gotcha 17: a name may come in pieces; what the client has declared tells when it is whole."""
    assert named(*fragments) == seen


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_ends_in_an_error_and_never_in_a_finish_reason(name: str) -> None:
    """Gotchas 7, 9 and 10: cut off is no stop, an error in a 200 is told, and never inside a frame that is not finished."""
    body, kind = FAILURES[name]
    frames = read(body)
    failure = frames[-1].failure
    assert frames[-1].kind is FrameKind.ERROR
    assert failure is not None
    assert failure.kind == kind
    assert not any(choice.get("finish_reason") for item in payloads(frames) for choice in item.get("choices", ()))
    error = payloads(frames)[-1]["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert "no money" not in error["message"]


@pytest.mark.parametrize("name", FAILURES)
def test_the_official_client_raises_on_every_failure(name: str) -> None:
    with sdk(shown(read(FAILURES[name][0]))) as client, pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model=MODEL, messages=[], stream=True))
    assert caught.value.code == "upstream_unavailable"


@pytest.mark.parametrize("name", [name for name in FAILURES if name not in {"error beside choices"}])
def test_content_before_a_failure_is_what_upstream_said(name: str) -> None:
    frames = read(FAILURES[name][0])
    content = [frame for frame in frames if frame.kind is FrameKind.CONTENT]
    assert bool(content) == (b"Hello" in FAILURES[name][0])


def test_a_clean_stream_passes_byte_for_byte() -> None:
    assert shown(read(PLAIN, model="up-1")) == PLAIN


def test_only_the_models_name_differs_where_only_that_is_wrong() -> None:
    assert shown(read(PLAIN)) == PLAIN.replace(b'"model":"up-1"', b'"model":"public-model"')


def test_the_text_of_an_answer_never_matches_as_its_model() -> None:
    tricky = chunk({"content": '"model":"up-1",\\"usage\\":null,"usage":null'}, usage=None)
    frames = read(event(OPEN), event(tricky), event(chunk({}, "stop")), wants_usage=False)
    content = payloads(frames)[1]["choices"][0]["delta"]["content"]
    assert content == '"model":"up-1",\\"usage\\":null,"usage":null'


def test_line_separators_inside_text_are_escaped_for_clients_that_split_at_them() -> None:
    """Gotcha 1: a line ends at CR and LF only, whatever Unicode calls a line separator."""
    assert len(shown(read(STREAMS["line separators inside text"].body)).decode().splitlines()) == 12


def test_frames_say_what_they_mean() -> None:
    frames = read(b": hi\n\n" + PLAIN, wants_usage=False)
    assert [frame.kind for frame in frames] == [
        FrameKind.COMMENT,
        FrameKind.ROLE,
        FrameKind.CONTENT,
        FrameKind.CONTENT,
        FrameKind.FINISH,
        FrameKind.USAGE,
        FrameKind.DONE,
    ]
    assert [frame.delivered for frame in frames] == [0, 0, 5, 6, 0, 0, 0]
    assert (frames[0].data, frames[5].data) == (b": hi\n\n", b"")
    assert frames[5].usage == Usage(input=12, output=4)


@pytest.mark.parametrize(
    ("delta", "delivered"),
    [
        ({"content": "héllo"}, 6),
        ({"reasoning_content": "hm"}, 2),
        ({"reasoning": "hm"}, 2),
        ({"reasoning": "hm", "reasoning_content": "hm"}, 2),
        ({"refusal": "no"}, 2),
        ({"audio": {"id": "a", "transcript": "hi"}}, 2),
        ({"function_call": {"name": "f", "arguments": "{}"}}, 2),
        ({"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}]}, 3),
    ],
)
def test_every_kind_of_output_is_content_and_counted(delta: dict[str, Any], delivered: int) -> None:
    frame = read(event(OPEN), event(chunk(delta)), event(chunk({}, "stop")))[1]
    assert (frame.kind, frame.delivered) == (FrameKind.CONTENT, delivered)


def test_a_connection_lost_after_the_finish_reason_lost_nothing() -> None:
    frames = read(PLAIN[: PLAIN.index(b'"usage"')])
    assert [frame.kind for frame in frames[-2:]] == [FrameKind.FINISH, FrameKind.DONE]


def test_nothing_follows_the_end() -> None:
    reader = ChatReader(model=MODEL, wants_usage=True, request_id="r", created=1)
    assert reader.feed(PLAIN)[-1].kind is FrameKind.DONE
    assert (list(reader.feed(PLAIN)), list(reader.end())) == ([], [])


def test_a_superfluous_brace_behind_a_chunk_loses_no_text() -> None:
    """Gotcha 3: one-api #1720."""
    braced = event(chunk({"role": "assistant", "content": "Hel"})).rstrip(b"\n") + b"}\n\n"
    frames = read(braced, event(chunk({"content": "lo"})), event(chunk({}, "stop")), DONE)
    assert "".join(one["choices"][0]["delta"].get("content") or "" for one in payloads(frames) if one["choices"]) == "Hello"


def test_dropped_frames_are_counted() -> None:
    reader = ChatReader(model=MODEL, wants_usage=True, request_id="r", created=1)
    reader.feed(STREAMS["a frame that is no JSON"].body)
    assert reader.skipped == 1


def test_words_about_the_clients_own_fault_reach_the_client_without_secrets() -> None:
    error = {"error": {"message": "flagged, see https://vendor.test/x with sk-abcdef123456", "code": "content_filter", "type": "x"}}
    frames = read(event(error))
    assert payloads(frames)[0]["error"] == {
        "message": "flagged, see [address] with [key]",
        "type": "invalid_request_error",
        "param": None,
        "code": "content_filter",
    }


@given(name=st.sampled_from([*STREAMS, *FAILURES]), cuts=st.lists(st.integers(0, 2500), max_size=20))
def test_any_way_of_cutting_the_bytes_gives_the_same_stream(name: str, cuts: list[int]) -> None:
    body = STREAMS[name].body if name in STREAMS else FAILURES[name][0]
    places = sorted({min(cut, len(body)) for cut in cuts} | {0, len(body)})
    pieces = [body[start:end] for start, end in itertools.pairwise(places)]
    assert read(*pieces) == read(body)


@given(body=st.binary(max_size=400))
def test_noise_ends_in_an_error(body: bytes) -> None:
    assert read(body)[-1].kind is FrameKind.ERROR
