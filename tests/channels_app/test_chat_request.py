"""The body that goes upstream."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
import pytest

from channels_app.chat_request import ROUTING_FIELDS, write_body
from channels_app.contract import Call


def call(body: bytes, *, model: str | None = None) -> Call:
    fields: dict[str, Any] = orjson.loads(body)
    return Call("chat", "openai", model or fields["model"], body, fields, is_stream=bool(fields.get("stream")))


def write(body: bytes, *, upstream: str = "up", strip: Collection[str] = (), model: str | None = None) -> bytes:
    return write_body(call(body, model=model), upstream_model=upstream, strip=strip)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"model":"m","messages":[]}', b'{"model":"up","messages":[]}'),
        (b'{ "messages": [ ] , "model" : "m" }', b'{ "messages": [ ] , "model" : "up" }'),
        (b'{"model":"m","x":1e400,"big":12345678901234567890123}', b'{"model":"up","x":1e400,"big":12345678901234567890123}'),
        (b'{"model":"m","stream":true}', b'{"stream_options":{"include_usage":true},"model":"up","stream":true}'),
        (
            b'{"model":"m","stream":true,"stream_options":{"include_usage":true}}',
            b'{"model":"up","stream":true,"stream_options":{"include_usage":true}}',
        ),
        (b' \n{"model":"m"}', b'{"model":"up"}'),
    ],
)
def test_original_bytes_are_kept_around_the_models_name(body: bytes, expected: bytes) -> None:
    fields = {"model": "m", "stream": b'"stream":true' in body}
    if b"stream_options" in body:
        fields["stream_options"] = {"include_usage": True}
    made = Call("chat", "openai", "m", body, fields, is_stream=bool(fields["stream"]))
    assert write_body(made, upstream_model="up") == expected


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"m","metadata":{"model":"m"}}',
        b'{"model":"other","model":"m"}',
        b'{"mod\\u0065l":"m","metadata":{"model":"m"}}',
        b'{"metadata":{"model":"m"},"model"  :  "m"}',
        b'{"model":"m\\u0020x"}',
        b'{"model":"m","messages":[{"role":"user","content":"say \\"model\\":\\"m\\""}]}',
    ],
)
def test_only_the_real_model_is_ever_replaced(body: bytes) -> None:
    fields: dict[str, Any] = orjson.loads(body)
    assert orjson.loads(write(body)) == {**fields, "model": "up"}


def test_an_alias_is_replaced_too() -> None:
    assert write(b'{"model":"alias"}', model="m") == b'{"model":"up"}'


def test_the_same_name_upstream_changes_nothing() -> None:
    assert write(b'{"model":"m","messages":[]}', upstream="m") == b'{"model":"m","messages":[]}'


def test_usage_is_asked_for_whatever_the_client_said() -> None:
    body = b'{"model":"m","stream":true,"stream_options":{"include_usage":false,"include_obfuscation":false}}'
    assert orjson.loads(write(body))["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert orjson.loads(write(b'{"model":"m","stream":true,"stream_options":null}'))["stream_options"] == {"include_usage": True}


def test_stream_options_of_a_plain_request_are_dropped() -> None:
    assert orjson.loads(write(b'{"model":"m","stream":false,"stream_options":{"include_usage":true}}')) == {"model": "up", "stream": False}


def test_fields_a_channel_refuses_are_dropped() -> None:
    """Gotcha 23: the channel says that its vendor has no stream_options."""
    body = b'{"model":"m","stream":true,"store":true,"user":"u"}'
    assert orjson.loads(write(body, strip={"store", "stream_options"})) == {"model": "up", "stream": True, "user": "u"}


@pytest.mark.parametrize("tools", ["", '"tools":[],', '"tools":null,'])
def test_without_a_tool_nothing_is_said_of_tools(tools: str) -> None:
    """Gotcha 25: an empty list, a choice among none and their parallel calls are a 400 at OpenAI."""
    body = f'{{"model":"m",{tools}"tool_choice":"auto","parallel_tool_calls":true,"user":"u"}}'
    assert orjson.loads(write(body.encode())) == {"model": "up", "user": "u"}


@pytest.mark.parametrize("field", ["tools", "functions"])
def test_what_is_said_of_tools_stays_where_there_are_some(field: str) -> None:
    body = f'{{"model":"m","{field}":[{{"name":"f"}}],"tool_choice":"auto","parallel_tool_calls":false}}'.encode()
    assert write(body) == body.replace(b'"m"', b'"up"')


@pytest.mark.parametrize("name", sorted(ROUTING_FIELDS))
def test_routes_and_credentials_of_the_client_are_dropped(name: str) -> None:
    assert orjson.loads(write(orjson.dumps({"model": "m", name: "x", "unknown": 1}))) == {"model": "up", "unknown": 1}
