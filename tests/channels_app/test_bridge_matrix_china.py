"""Every client by every protocol of China: text, streams, tools and pictures where there are any, errors; any chunking gives the same."""

from __future__ import annotations

import itertools
from typing import Any

import orjson
import pytest

from channels_app import bridge, registry
from channels_app.contract import Call, ChannelFacts, ChannelKey, FailureKind, FrameKind, Secret, UpstreamAnswer, UpstreamHead, Usage
from channels_app.faces import Unexpressible
from channels_app.heard import Heard
from gateway import errors
from tests.doubles.tongues import CITY, CLIENTS, TEXT
from tests.doubles.tongues_china import ROWS, TALL, TOOLS_ONLY, WORDS_ONLY

HEAD = UpstreamHead(200, {})
KEY = ChannelKey(1, Secret("first|second|third"))
PAIRS = list(itertools.product(CLIENTS, ROWS))
WITH_TOOLS = list(itertools.product(CLIENTS, TALL | TOOLS_ONLY))


def facts(upstream: str) -> ChannelFacts:
    row = ROWS[upstream]
    return ChannelFacts(1, "c", 1, row.provider, "http://up.test", (KEY,), {"m": row.model})


def call(client: str, case: str, *, is_stream: bool = False, tool_id: str = "call_1") -> Call:
    fields = CLIENTS[client].ask(case, is_stream, tool_id)
    body = orjson.dumps(fields)
    if client == "openai":
        return Call("chat", "openai", "m", body, fields, is_stream=is_stream, wants_usage=True)
    action = "streamGenerateContent" if is_stream else "generateContent"
    return registry.client(client).hear(Heard(fields, body, model="m" if client == "gemini" else "", action=action, form="sse"))


def asked(made: Call, upstream: str) -> set[str]:
    request = bridge.request(made, facts(upstream), KEY, now=1_700_000_000)
    fields: dict[str, Any] = orjson.loads(request.body)
    return ROWS[upstream].asked(fields)


def cases(upstream: str) -> list[str]:
    return ["text"] if upstream in WORDS_ONLY else ["text", "tool"]


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_whole_answer(client: str, upstream: str) -> None:
    for case in cases(upstream):
        made = call(client, case)
        assert asked(made, upstream) >= {"question", *({"tool"} if case == "tool" else ())}
        raw = UpstreamAnswer(HEAD, ROWS[upstream].answer(case))
        answer = bridge.read(made, facts(upstream), raw, request_id="ab", created=1)
        heard = CLIENTS[client].read(answer.body)
        assert (answer.usage, heard.tokens) == (Usage(input=20, output=7), (20, 7))
        if case == "text":
            assert (heard.text, heard.tool, heard.finish, answer.delivered) == (TEXT, None, "stop", len(TEXT))
        else:
            assert (heard.text, heard.tool, heard.finish) == ("", ("get_weather", CITY), "tool_calls")


@pytest.mark.parametrize("size", [1, 13, 1_000_000])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_stream_in_any_chunking(client: str, upstream: str, size: int) -> None:
    for case in cases(upstream):
        reader = bridge.reader(call(client, case, is_stream=True), facts(upstream), HEAD, request_id="ab", created=1)
        raw = ROWS[upstream].stream(case)
        frames = [frame for start in range(0, len(raw), size) for frame in reader.feed(raw[start : start + size])]
        frames += reader.end()
        assert frames[-1].kind is FrameKind.DONE
        heard = CLIENTS[client].read_stream(b"".join(frame.data for frame in frames if frame.kind is not FrameKind.COMMENT))
        assert [frame.usage for frame in frames if frame.usage][-1] == Usage(input=20, output=7)
        assert heard.tokens == (20, 7)
        if case == "text":
            assert (heard.text, heard.finish) == (TEXT, "stop")
        else:
            assert (heard.tool, heard.finish) == (("get_weather", CITY), "tool_calls")


@pytest.mark.parametrize(("client", "upstream"), WITH_TOOLS)
def test_a_tool_there_and_back(client: str, upstream: str) -> None:
    raw = UpstreamAnswer(HEAD, ROWS[upstream].answer("tool"))
    first = CLIENTS[client].read(bridge.read(call(client, "tool"), facts(upstream), raw, request_id="ab", created=1).body)
    again = call(client, "result", tool_id=first.tool_id or "call_1")
    assert asked(again, upstream) == {"question", "tool", "result", "city"}


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_picture_is_shown_or_left_to_another_channel(client: str, upstream: str) -> None:
    if upstream in TALL:
        assert asked(call(client, "image"), upstream) >= {"question", "image"}
    else:
        with pytest.raises(Unexpressible):
            asked(call(client, "image"), upstream)


@pytest.mark.parametrize(("client", "upstream"), list(itertools.product(CLIENTS, WORDS_ONLY)))
def test_tools_are_left_to_another_channel_where_there_are_none(client: str, upstream: str) -> None:
    with pytest.raises(Unexpressible):
        asked(call(client, "tool"), upstream)


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_an_error(client: str, upstream: str) -> None:
    failure = bridge.classify(call(client, "text"), facts(upstream), 400, ROWS[upstream].error)
    assert failure.kind is FailureKind.BAD_REQUEST
    problem = errors.from_failure(failure, attempts=1).problem("r1")
    assert "max_tokens is too large" in CLIENTS[client].read(registry.client(client).problem(problem)).error


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_stream_that_is_cut_off_never_ends_well(client: str, upstream: str) -> None:
    raw = ROWS[upstream].stream("text")
    reader = bridge.reader(call(client, "text", is_stream=True), facts(upstream), HEAD, request_id="ab", created=1)
    frames = [*reader.feed(raw[: raw.index(TEXT[:4].encode()) + 30]), *reader.end()]
    assert frames[-1].kind is FrameKind.ERROR
    assert not any(frame.kind is FrameKind.DONE for frame in frames)
