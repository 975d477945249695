"""Every client by every upstream: text, streams, tools there and back, pictures, errors; any chunking gives the same."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import orjson
import pytest

from channels_app import bridge, registry
from channels_app.contract import Call, ChannelFacts, ChannelKey, FailureKind, FrameKind, Secret, UpstreamAnswer, UpstreamHead, Usage
from channels_app.heard import Heard
from gateway import errors
from tests.doubles.speech import events
from tests.doubles.tongues import CITY, CLIENTS, TEXT
from tests.doubles.tongues import UPSTREAMS as FIRST
from tests.doubles.tongues_west import ROWS

UPSTREAMS = FIRST | ROWS
HEAD = UpstreamHead(200, {})
KEY = ChannelKey(1, Secret("sk-up"))
PAIRS = list(itertools.product(CLIENTS, UPSTREAMS))


def facts(upstream: str) -> ChannelFacts:
    options = {"protocol": upstream} if upstream == "responses" else {}
    return ChannelFacts(
        1, "c", 1, UPSTREAMS[upstream].provider, "http://up.test/v1", (KEY,), {"m": UPSTREAMS[upstream].model}, options=options
    )


def call(client: str, case: str, *, is_stream: bool = False, tool_id: str = "call_1") -> Call:
    fields = CLIENTS[client].ask(case, is_stream, tool_id)
    body = orjson.dumps(fields)
    if client == "openai":
        return Call("chat", "openai", "m", body, fields, is_stream=is_stream, wants_usage=True)
    action = "streamGenerateContent" if is_stream else "generateContent"
    return registry.client(client).hear(Heard(fields, body, model="m" if client == "gemini" else "", action=action, form="sse"))


def asked(made: Call, upstream: str) -> dict[str, Any]:
    request = bridge.request(made, facts(upstream), KEY)
    assert isinstance(request.body, bytes)
    fields: dict[str, Any] = orjson.loads(request.body)
    model = UPSTREAMS[upstream].model
    assert f"/{model}" in request.url or fields["model"] == model
    return fields


def test_every_protocol_of_clients_has_a_row() -> None:
    # Legacy completions hold text alone, no tools and no pictures: they have tests of their own.
    assert set(CLIENTS) == set(registry.clients()) - {"completions"}


@pytest.mark.parametrize("case", ["text", "tool"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_whole_answer(client: str, upstream: str, case: str) -> None:
    made = call(client, case)
    assert UPSTREAMS[upstream].asked(asked(made, upstream)) >= {"question", *({"tool"} if case == "tool" else ())}
    raw = UpstreamAnswer(HEAD, UPSTREAMS[upstream].answer(case))
    answer = bridge.read(made, facts(upstream), raw, request_id="ab", created=1)
    heard = CLIENTS[client].read(answer.body)
    assert answer.usage == Usage(input=20, output=7)
    assert heard.tokens == (20, 7)
    if case == "text":
        assert (heard.text, heard.tool, heard.finish, answer.delivered) == (TEXT, None, "stop", len(TEXT))
    else:
        assert (heard.text, heard.tool, heard.finish) == ("", ("get_weather", CITY), "tool_calls")
        assert heard.tool_id or upstream == client == "gemini"


@pytest.mark.parametrize("size", [1, 13, 1_000_000])
@pytest.mark.parametrize("case", ["text", "tool"])
@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_stream_in_any_chunking(client: str, upstream: str, case: str, size: int) -> None:
    made = call(client, case, is_stream=True)
    asked(made, upstream)
    reader = bridge.reader(made, facts(upstream), HEAD, request_id="ab", created=1)
    raw = UPSTREAMS[upstream].stream(case)
    frames = [frame for start in range(0, len(raw), size) for frame in reader.feed(raw[start : start + size])]
    frames += reader.end()
    assert frames[-1].kind is FrameKind.DONE
    heard = CLIENTS[client].read_stream(b"".join(frame.data for frame in frames if frame.kind is not FrameKind.COMMENT))
    assert [frame.usage for frame in frames if frame.usage][-1] == Usage(input=20, output=7)
    assert heard.tokens == (20, 7)
    assert any(frame.kind is FrameKind.CONTENT for frame in frames)
    assert sum(frame.delivered for frame in frames) >= len(TEXT)
    if case == "text":
        assert (heard.text, heard.finish) == (TEXT, "stop")
    else:
        assert (heard.tool, heard.finish) == (("get_weather", CITY), "tool_calls")


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_tool_there_and_back(client: str, upstream: str) -> None:
    raw = UpstreamAnswer(HEAD, UPSTREAMS[upstream].answer("tool"))
    first = CLIENTS[client].read(bridge.read(call(client, "tool"), facts(upstream), raw, request_id="ab", created=1).body)
    again = call(client, "result", tool_id=first.tool_id or "call_1")
    fields = asked(again, upstream)
    assert UPSTREAMS[upstream].asked(fields) == {"question", "tool", "result", "city"}


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_picture(client: str, upstream: str) -> None:
    assert UPSTREAMS[upstream].asked(asked(call(client, "image"), upstream)) >= {"question", "image"}


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_an_error(client: str, upstream: str) -> None:
    made = call(client, "text")
    failure = bridge.classify(made, facts(upstream), 400, UPSTREAMS[upstream].error)
    assert failure.kind is FailureKind.BAD_REQUEST
    problem = errors.from_failure(failure, attempts=1).problem("r1")
    face = registry.client(client)
    assert face.status(problem) == 400
    assert "max_tokens is too large" in CLIENTS[client].read(face.problem(problem)).error


@pytest.mark.parametrize(("client", "upstream"), PAIRS)
def test_a_stream_that_is_cut_off_never_ends_well(client: str, upstream: str) -> None:
    raw = UPSTREAMS[upstream].stream("text")
    reader = bridge.reader(call(client, "text", is_stream=True), facts(upstream), HEAD, request_id="ab", created=1)
    frames = [*reader.feed(raw[: raw.index(TEXT[:4].encode()) + 60]), *reader.end()]
    assert frames[-1].kind is FrameKind.ERROR
    assert not any(frame.kind is FrameKind.DONE for frame in frames)


@pytest.mark.parametrize("form", ["sse", "array"])
def test_a_gemini_client_may_have_its_stream_as_an_array(form: str) -> None:
    for upstream in UPSTREAMS:
        made = replace(call("gemini", "text", is_stream=True), form=form)
        reader = bridge.reader(made, facts(upstream), HEAD, request_id="ab", created=1)
        frames = [*reader.feed(UPSTREAMS[upstream].stream("text")), *reader.end()]
        raw = b"".join(frame.data for frame in frames)
        chunks = orjson.loads(raw) if form == "array" else [payload for _, payload in events(raw.replace(b"\r\n", b"\n"))]
        assert "".join(part.get("text", "") for one in chunks for part in one["candidates"][0]["content"]["parts"]) == TEXT
