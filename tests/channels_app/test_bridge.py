"""One call through one channel: what vendors can change on the way there, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from channels_app import bridge, registry
from channels_app.contract import (
    Call,
    ChannelFacts,
    ChannelKey,
    Encoded,
    FailureKind,
    Frame,
    FrameKind,
    Secret,
    UpstreamAnswer,
    UpstreamHead,
    UpstreamRequest,
    Usage,
)
from channels_app.deltas import Comment, Consumed, Delta, Done, Finish, Text
from channels_app.faces import Client, Unexpressible, Vendor, WholeReader
from channels_app.provider import Provider
from tests.doubles import replies

HEAD = UpstreamHead(200, {})
KEY = ChannelKey(1, Secret("sk-up"))


def facts(provider: str = "openai", **options: object) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, provider, "http://up.test", (KEY,), {"m": "up-1"}, options=options)


def call(**fields: object) -> Call:
    whole = {"model": "m", "messages": [], **fields}
    return Call("chat", "openai", "m", orjson.dumps(whole), whole, is_stream=bool(fields.get("stream")))


class Shouting(Provider):
    """A vendor that differs in everything a vendor may differ in."""

    slug, label, signs = "shouting", "Shouting", True

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return encoded._replace(path=f"/{channel.upstream(call.model)}/chat", body=encoded.body.upper(), headers=(("x-version", "2"),))

    def address(self, channel: ChannelFacts, path: str) -> str:
        return f"{channel.base_url}/of/1{path}"

    def sign(self, request: UpstreamRequest, channel: ChannelFacts, key: ChannelKey, now: float) -> UpstreamRequest:
        return replace(request, headers=(*request.headers, ("x-signed", f"{now:.0f}:{len(request.body)}:{key.secret.reveal()}")))

    def unframe(self, call: Call, head: UpstreamHead) -> Doubled:
        return Doubled()


class Doubled:
    """Every byte was sent twice."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        whole = self._rest + chunk
        self._rest = whole[len(whole) // 2 * 2 :]
        return whole[: len(whole) // 2 * 2 : 2]

    def end(self) -> bytes:
        return self._rest


def twice(data: bytes) -> bytes:
    return bytes(byte for byte in data for _ in range(2))


@pytest.fixture
def shouting(monkeypatch: pytest.MonkeyPatch) -> ChannelFacts:
    monkeypatch.setattr(registry, "providers", lambda: {**_REAL(), "shouting": Shouting()})
    return facts("shouting")


_REAL = registry.providers


def test_a_plain_vendor_gets_the_dialects_request_and_its_key() -> None:
    assert bridge.request(call(), facts(), KEY) == UpstreamRequest(
        "POST",
        "http://up.test/v1/chat/completions",
        (("content-type", "application/json"), ("accept", "application/json"), ("authorization", "Bearer sk-up")),
        b'{"model":"up-1","messages":[]}',
    )


def test_a_vendor_may_change_path_body_headers_and_sign_it_all(shouting: ChannelFacts) -> None:
    made = bridge.request(call(stream=True), shouting, KEY, now=12.0, token=Secret("tok"))
    assert made.url == "http://up.test/of/1/up-1/chat"
    assert made.body.startswith(b'{"STREAM_OPTIONS"')
    assert made.headers == (
        ("content-type", "application/json"),
        ("accept", "text/event-stream"),
        ("x-version", "2"),
        ("authorization", "Bearer tok"),
        ("x-signed", f"12:{len(made.body)}:sk-up"),
    )


def test_packages_around_an_answer_are_undone_whole_and_streamed(shouting: ChannelFacts) -> None:
    body = orjson.dumps(replies.completion())
    answer = bridge.read(call(), shouting, UpstreamAnswer(HEAD, twice(body)), request_id="ab", created=1)
    assert answer.usage == Usage(input=12, output=4)
    reader = bridge.reader(call(stream=True), shouting, HEAD, request_id="ab", created=1)
    raw = twice(b"".join(step for step in replies.stream().steps if isinstance(step, bytes)))
    frames = [frame for start in range(0, len(raw), 5) for frame in reader.feed(raw[start : start + 5])]
    assert [*frames, *reader.end()][-1].kind is FrameKind.DONE


def test_an_operation_the_channel_does_not_have_is_no_fault_of_the_channel() -> None:
    other = replace(call(), operation="divination")
    with pytest.raises(Unexpressible) as refused:
        bridge.request(other, facts(), KEY)
    failure = refused.value.failure()
    assert (failure.kind, failure.was_sent, failure.param) == (FailureKind.UNSUPPORTED, False, "model")
    assert not failure.kind.is_users_fault


class Morse(Client):
    """A protocol of dots for clients."""

    name = "morse"

    def understand(self, call: Call) -> Mapping[str, Any]:
        return {"messages": [{"role": "user", "content": call.fields["dots"]}]}

    def writer(self, call: Call, *, request_id: str, created: int) -> Dots:
        return Dots()

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        return "".join(delta.text for delta in deltas if isinstance(delta, Text)).encode()


class Dots:
    def write(self, delta: Delta) -> bytes:
        return b"." * len(delta.text) if isinstance(delta, Text) else b""

    def close(self) -> tuple[bytes, bytes]:
        return b"-", b"!"


@pytest.fixture
def morse(monkeypatch: pytest.MonkeyPatch) -> Call:
    client = Morse()
    monkeypatch.setattr(registry, "clients", lambda: {"morse": client})
    return Call("chat", "morse", "m", b"{}", {"dots": "..."}, is_stream=True, understand=client.understand)


def test_another_dialects_call_is_understood_once_and_written_for_the_vendor(morse: Call) -> None:
    made = bridge.request(morse, facts(), KEY)
    assert orjson.loads(made.body) == {
        "model": "up-1",
        "messages": [{"role": "user", "content": "..."}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert morse.chat is morse.chat


def test_an_answer_is_told_in_the_clients_protocol(morse: Call) -> None:
    reader = bridge.reader(morse, facts(), HEAD, request_id="ab", created=1)
    raw = b"".join(step for step in replies.stream(usage=replies.USAGE).steps if isinstance(step, bytes))
    frames = [*reader.feed(raw), *reader.end()]
    said = [frame for frame in frames if frame.kind is FrameKind.CONTENT]
    assert all(frame.data == b"." * frame.delivered for frame in said)
    assert frames[-2:] == [Frame(FrameKind.FINISH, b"-"), Frame(FrameKind.DONE, b"!")]
    assert [frame.usage for frame in frames if frame.usage] == [Usage(input=12, output=4)]
    answer = bridge.read(morse, facts(), UpstreamAnswer(HEAD, orjson.dumps(replies.completion())), request_id="ab", created=1)
    assert (answer.delivered, answer.usage) == (len(answer.body), Usage(input=12, output=4))


def test_an_error_in_an_answer_reaches_the_engine(morse: Call) -> None:
    answer = bridge.read(
        morse, facts(), UpstreamAnswer(HEAD, b'{"error":{"code":"invalid_api_key","message":"x"}}'), request_id="", created=0
    )
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.BAD_KEY
    reader = bridge.reader(morse, facts(), HEAD, request_id="", created=0)
    frames = [*reader.feed(b'data: {"error":{"message":"x"}}\n\n'), *reader.end()]
    assert [frame.kind for frame in frames] == [FrameKind.ERROR]


class Silent(Vendor):
    """A protocol that does not stream."""

    name = "silent"

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        return [Comment(), Text(body.decode()), Finish("stop"), Consumed(Usage(output=1))]


def test_a_protocol_without_streams_is_told_as_one() -> None:
    reader = WholeReader(Silent(), call())
    assert [*reader.feed(b"H"), *reader.feed(b"i")] == []
    assert reader.end() == [Comment(), Text("Hi"), Finish("stop"), Consumed(Usage(output=1)), Done()]


def test_an_error_inside_a_200_and_inside_a_stream_is_read_by_the_vendors_own_codes() -> None:
    body = b'{"error":{"code":"1113","message":"no"}}'
    answer = bridge.read(call(), facts("zhipu"), UpstreamAnswer(HEAD, body), request_id="r", created=1)
    assert answer.failure is not None
    assert answer.failure.kind is FailureKind.NO_QUOTA
    for feed in (True, False):
        reader = bridge.reader(call(stream=True), facts("zhipu"), HEAD, request_id="r", created=1)
        frames = reader.feed(b"data: " + body + (b"\n\n" if feed else b""))
        last = [*frames, *reader.end()][-1]
        assert last.failure is not None
        assert (last.kind, last.failure.kind) == (FrameKind.ERROR, FailureKind.NO_QUOTA)
