"""Reading what the client asks for."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway import intake
from gateway.errors import RelayError

HELLO: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}


def parse(**fields: Any) -> Any:
    return intake.chat(orjson.dumps({**HELLO, **fields}))


def test_a_plain_call_is_read_and_its_bytes_are_kept() -> None:
    body = orjson.dumps({**HELLO, "model": " m ", "unknown": {"x": 1}})

    call = intake.chat(body)

    assert (call.model, call.body, call.is_stream, call.wants_usage) == ("m", body, False, False)
    assert call.fields["unknown"] == {"x": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff"])
def test_what_is_no_object_is_invalid_json(body: bytes) -> None:
    with pytest.raises(RelayError) as caught:
        intake.chat(body)
    assert (caught.value.status, caught.value.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": ""}, "model"),
        ({"messages": "hi"}, "messages"),
        ({"stream": "yes"}, "stream"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"n": 0}, "n"),
        ({"n": True}, "n"),
        ({"stream_options": {"include_usage": True}}, "stream_options"),
        ({"stream": True, "stream_options": [1]}, "stream_options"),
    ],
)
def test_a_field_the_relay_must_understand_is_named_when_it_is_wrong(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(RelayError) as caught:
        parse(**fields)
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, "unsupported_field", param)


def test_usage_is_wanted_only_where_it_was_asked_for() -> None:
    assert parse(stream=True, stream_options={"include_usage": True}).wants_usage
    assert not parse(stream=True, stream_options={}).wants_usage
    assert not parse(stream=True).wants_usage


def test_the_smaller_of_two_limits_counts() -> None:
    assert intake.output_limit(parse(max_tokens=9, max_completion_tokens=5)) == 5
    assert intake.output_limit(parse()) is None


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"max_tokens": 9}, ["max_tokens"]),
        ({"max_tokens": 9, "max_completion_tokens": 9}, ["max_completion_tokens", "max_tokens"]),
        ({}, ["max_tokens"]),
        ({"model": "openai/gpt-5-mini"}, ["max_completion_tokens"]),
    ],
)
def test_a_smaller_limit_takes_the_clients_name_or_the_models(fields: dict[str, Any], names: list[str]) -> None:
    """Gotcha 24: models that think know max_completion_tokens alone."""
    call = intake.with_output_limit(parse(**fields), 4)

    sent = orjson.loads(call.body)
    assert sorted(name for name in sent if name.startswith("max_")) == names
    assert all(sent[name] == 4 for name in names)
    assert call.fields == sent


def test_text_is_counted_by_bytes() -> None:
    call = parse()
    assert intake.input_bytes(call) == len(call.body)
    assert intake.held_input_tokens(call) == len(call.body) // 3 + 16


def test_a_picture_does_not_count_by_its_base64() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 300_000}}

    call = parse(messages=[{"role": "user", "content": [picture, {"type": "text", "text": "what is it?"}]}])

    assert 4_800 < intake.input_bytes(call) < 5_100


def test_sound_does_not_count_by_its_base64() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "A" * 100_000, "format": "mp3"}}

    call = parse(messages=[{"role": "user", "content": [sound]}])

    assert 10_000 <= intake.input_bytes(call) < 10_300
