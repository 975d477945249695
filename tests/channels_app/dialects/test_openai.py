"""The chat-completions dialect as the relay uses it."""

from __future__ import annotations

import orjson
import pytest

from channels_app import registry
from channels_app.contract import Call, ChannelFacts, Encoded, FrameKind, UpstreamHead
from tests.doubles import replies
from tests.doubles.defects import PLAIN

VENDOR, CLIENT = registry.vendor("openai"), registry.client("openai")


def facts(**options: object) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "openai", "", (), {"m": "up-1"}, options=options)


def call(**fields: object) -> Call:
    whole = {"model": "m", "messages": [], **fields}
    return Call("chat", "openai", "m", orjson.dumps(whole), whole, is_stream=bool(fields.get("stream")), wants_usage=False)


def test_a_call_is_encoded_for_its_channel() -> None:
    assert VENDOR.encode(call(), facts()) == Encoded("/chat/completions", b'{"model":"up-1","messages":[]}')


@pytest.mark.parametrize("strip", ["store, user", ["store", "user"]])
def test_the_option_strip_names_fields_to_leave_out(strip: object) -> None:
    encoded = VENDOR.encode(call(store=True, user="u"), facts(strip=strip))
    assert orjson.loads(encoded.body) == {"model": "up-1", "messages": []}


def test_an_answer_is_read_whatever_it_says_it_is() -> None:
    answer = VENDOR.native_answer(call(), UpstreamHead(200, {"content-type": "text/plain"}), orjson.dumps(replies.completion()))
    assert answer.body == orjson.dumps(replies.completion(model="m"))


def test_a_stream_is_read_for_a_client_that_did_not_ask_for_usage() -> None:
    reader = VENDOR.native_reader(call(stream=True), request_id="r", created=1)
    frames = [*reader.feed(PLAIN), *reader.end()]
    assert frames[-1].kind is FrameKind.DONE
    assert not any(b"usage" in frame.data for frame in frames)


def test_an_error_is_classified_by_its_body() -> None:
    assert VENDOR.classify(429, b'{"error":{"code":"insufficient_quota","message":"x"}}').kind == "no_quota"
