"""Chat streams as vendors really send them: every way of being wrong that was seen to break an official client.

Each is the body of a 200 answer to a request for a stream, and what a client must read out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.doubles.replies import DONE, USAGE, chunk, completion, event, usage_chunk

ROLE = {"role": "assistant", "content": ""}


@dataclass(frozen=True)
class Stream:
    """A body and what is in it: text of choice 0, tool calls as (id, name, arguments), finish reasons by choice, usage."""

    body: bytes
    text: str = "Hello world"
    tools: tuple[tuple[str, str, str], ...] = ()
    finish: Mapping[int, str] = field(default_factory=lambda: {0: "stop"})
    has_usage: bool = True


def _without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}


def _body(*payloads: object, done: bool = True) -> bytes:
    return b"".join(item if isinstance(item, bytes) else event(item) for item in payloads) + (DONE if done else b"")


OPEN, HELLO, WORLD, STOP, COUNT = chunk(ROLE), chunk({"content": "Hello"}), chunk({"content": " world"}), chunk({}, "stop"), usage_chunk()
PLAIN = _body(OPEN, HELLO, WORLD, STOP, COUNT)


def _tool(**fragment: Any) -> dict[str, Any]:
    return chunk({"tool_calls": [fragment]})


def _tools(
    *fragments: dict[str, Any], finish: str = "tool_calls", calls: tuple[tuple[str, str, str], ...] = (("call_1", "f", '{"a":1}'),)
) -> Stream:
    return Stream(_body(OPEN, *fragments, chunk({}, finish), COUNT), text="", tools=calls, finish={0: "tool_calls"})


_FIRST = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
_REST = {"index": 0, "function": {"arguments": '{"a":1}'}}

_ANNOTATIONS = {**OPEN, "id": "", "model": "", "choices": [], "prompt_filter_results": []}
_PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "Hello"}]
_TWO = {**HELLO, "choices": [HELLO["choices"][0], {"index": 1, "delta": {"content": "x"}, "finish_reason": None}]}
_HALVES = (
    event(HELLO).replace(b"Hello", b"\\ud83d"),
    event(WORLD).replace(b" world", b"\\ude00"),
)
_INFINITE = event({**HELLO, "logprobs": 1}).replace(b'"logprobs":1', b'"logprobs":-Infinity')
_LINES = "Hello\u2028\u2029\u0085"
_NAMELESS = {"index": 0, "id": None, "type": None, "function": {"name": None, "arguments": '{"a":1}'}}

STREAMS: dict[str, Stream] = {
    "nothing": Stream(PLAIN),
    "crlf": Stream(PLAIN.replace(b"\n", b"\r\n")),
    "lone cr": Stream(PLAIN.replace(b"\n", b"\r")),
    "byte order mark": Stream(b"\xef\xbb\xbf" + PLAIN),
    "no space after data": Stream(PLAIN.replace(b"data: ", b"data:")),
    "no blank line at the end": Stream(PLAIN.removesuffix(b"\n\n")),
    "no end mark": Stream(_body(OPEN, HELLO, WORLD, STOP, COUNT, done=False)),
    "end mark twice": Stream(PLAIN + DONE),
    "end mark without data": Stream(_body(OPEN, HELLO, WORLD, STOP, COUNT, b"[DONE]\n\n", done=False)),
    "end mark with blanks": Stream(_body(OPEN, HELLO, WORLD, STOP, COUNT, b"data: [DONE]  \n\n", done=False)),
    "single line ends between events": Stream(PLAIN.replace(b"\n\n", b"\n") + b"\n"),
    "glued events": Stream(_body(OPEN, event(HELLO).strip() + event(WORLD), STOP, COUNT)),
    "no id, created and model": Stream(_body(*(_without(item, "id", "created", "model") for item in (OPEN, HELLO, WORLD, STOP, COUNT)))),
    "changing id and created": Stream(_body(OPEN, {**HELLO, "id": "b", "created": 7}, {**WORLD, "id": "", "created": 0}, STOP, COUNT)),
    "no object": Stream(_body(*(_without(item, "object") for item in (OPEN, HELLO, WORLD, STOP, COUNT)))),
    "wrong object": Stream(_body(*({**item, "object": "chat.completion"} for item in (OPEN, HELLO, WORLD, STOP, COUNT)))),
    "no role": Stream(_body(HELLO, WORLD, STOP, COUNT)),
    "role in every chunk": Stream(
        _body(chunk({"role": "assistant", "content": "Hello"}), chunk({"role": "assistant", "content": " world"}), STOP, COUNT)
    ),
    "empty role": Stream(_body(chunk({"role": "", "content": "Hello"}), chunk({"role": "", "content": " world"}), STOP, COUNT)),
    "no finish reason": Stream(_body(OPEN, HELLO, WORLD, COUNT)),
    "empty finish reason": Stream(_body(OPEN, chunk({"content": "Hello"}, ""), chunk({"content": " world"}, ""), STOP, COUNT)),
    "finish reason with content": Stream(_body(OPEN, HELLO, chunk({"content": " world"}, "stop"), COUNT)),
    "finish reason twice": Stream(_body(OPEN, HELLO, WORLD, STOP, STOP, COUNT)),
    "content after the finish reason": Stream(_body(OPEN, HELLO, STOP, WORLD, STOP, COUNT)),
    "unknown finish reason": Stream(_body(OPEN, HELLO, WORLD, chunk({}, "eos_token"), COUNT)),
    "length by another name": Stream(_body(OPEN, HELLO, WORLD, chunk({}, "max_tokens"), COUNT), finish={0: "length"}),
    "usage chunk without choices": Stream(_body(OPEN, HELLO, WORLD, STOP, _without(COUNT, "choices"))),
    "usage chunk with null choices": Stream(_body(OPEN, HELLO, WORLD, STOP, {**COUNT, "choices": None})),
    "chunk after the usage": Stream(_body(OPEN, HELLO, WORLD, STOP, COUNT, chunk({}))),
    "usage on every chunk": Stream(_body(*({**item, "usage": USAGE} for item in (OPEN, HELLO, WORLD, STOP)))),
    "usage on the finish chunk": Stream(_body(OPEN, HELLO, WORLD, {**STOP, "usage": USAGE})),
    "null usage on every chunk": Stream(_body(*({**item, "usage": None} for item in (OPEN, HELLO, WORLD, STOP)), COUNT)),
    "empty usage afterwards": Stream(_body(OPEN, HELLO, WORLD, {**STOP, "usage": USAGE}, {**COUNT, "usage": {}})),
    "no usage": Stream(_body(OPEN, HELLO, WORLD, STOP), has_usage=False),
    "comments": Stream(b": open\n\n: router processing\n" + _body(OPEN, HELLO, b": keep-alive\n\n", WORLD, STOP, COUNT)),
    "id lines and retry": Stream(b"retry: 100\n\nid: 1\n: hi\n" + PLAIN),
    "empty data": Stream(_body(OPEN, b"data:\n\n", HELLO, b"data: \n\n", WORLD, STOP, COUNT)),
    "heartbeat as data": Stream(_body(OPEN, b"data: : keepalive\n\n", HELLO, WORLD, STOP, COUNT)),
    "ping event": Stream(_body(OPEN, b'event: ping\ndata: {"type":"ping"}\n\n', HELLO, WORLD, STOP, COUNT)),
    "a frame that is no JSON": Stream(_body(OPEN, b"data: oops{\n\n", HELLO, WORLD, STOP, COUNT)),
    "prompt annotations first": Stream(_body(_ANNOTATIONS, OPEN, HELLO, WORLD, STOP, COUNT)),
    "choice without delta": Stream(_body(OPEN, HELLO, {**HELLO, "choices": [{"index": 0, "finish_reason": None}]}, WORLD, STOP, COUNT)),
    "choice without index": Stream(_body(OPEN, {**HELLO, "choices": [{"delta": {"content": "Hello"}}]}, WORLD, STOP, COUNT)),
    "content in parts": Stream(
        _body(
            OPEN,
            chunk({"content": _PARTS}),
            WORLD,
            STOP,
            COUNT,
        )
    ),
    "null content": Stream(_body(chunk({"role": "assistant", "content": None}), HELLO, WORLD, STOP, COUNT)),
    "second choice first": Stream(
        _body(chunk({"content": "x"}, index=1), HELLO, WORLD, STOP, chunk({}, "length", index=1), COUNT), finish={0: "stop", 1: "length"}
    ),
    "two choices in one chunk": Stream(
        _body(
            _TWO,
            WORLD,
            STOP,
            chunk({}, "stop", index=1),
            COUNT,
        ),
        finish={0: "stop", 1: "stop"},
    ),
    "data over several lines": Stream(_body(OPEN, event(HELLO).replace(b',"choices"', b',\ndata: "choices"'), WORLD, STOP, COUNT)),
    "other spacing": Stream(_body(OPEN, event(HELLO).replace(b'":', b'": ').replace(b",", b", "), WORLD, STOP, COUNT)),
    "line separators inside text": Stream(_body(OPEN, chunk({"content": _LINES}), WORLD, STOP, COUNT), text=f"{_LINES} world"),
    "a character split over two chunks": Stream(_body(OPEN, *_HALVES, STOP, COUNT), text="\ud83d\ude00"),
    "numbers that are none": Stream(_body(OPEN, _INFINITE, WORLD, STOP, COUNT)),
    "a whole completion in JSON": Stream(orjson.dumps(completion("Hello world"))),
    "tools": _tools(_tool(**_FIRST), _tool(**_REST)),
    "tool without index": _tools(_tool(**_without(_FIRST, "index")), _tool(**_without(_REST, "index"))),
    "tool with index minus one": _tools(_tool(**{**_FIRST, "index": -1}), _tool(**{**_REST, "index": -1})),
    "tool index from one": _tools(_tool(**{**_FIRST, "index": 1}), _tool(**{**_REST, "index": 1})),
    "tool without type": _tools(_tool(**_without(_FIRST, "type")), _tool(**_REST)),
    "tool id and name repeated": _tools(_tool(**_FIRST), _tool(**{**_FIRST, "function": {"name": "f", "arguments": '{"a":1}'}})),
    "tool arguments as object": _tools(_tool(**{**_FIRST, "function": {"name": "f", "arguments": {"a": 1}}})),
    "tool id and name null later": _tools(_tool(**_FIRST), _tool(**_NAMELESS)),
    "tools ended by stop": _tools(_tool(**_FIRST), _tool(**_REST), finish="stop"),
    "two tools with the same index": _tools(
        _tool(**{**_FIRST, "function": {"name": "f", "arguments": '{"a":1}'}}),
        _tool(**{**_FIRST, "id": "call_2", "function": {"name": "g", "arguments": "{}"}}),
        calls=(("call_1", "f", '{"a":1}'), ("call_2", "g", "{}")),
    ),
    "finish tool_calls without a tool": Stream(_body(OPEN, HELLO, WORLD, chunk({}, "tool_calls"), COUNT)),
}

_ERROR = {"message": "no money", "type": "insufficient_quota", "param": None, "code": "insufficient_quota"}

# Bodies that must end in an error and never in a finish reason, with the kind of failure.
FAILURES: dict[str, tuple[bytes, str]] = {
    "error object": (_body(OPEN, HELLO, {"error": _ERROR}, done=False), "no_quota"),
    "error event": (_body(OPEN, b"event: error\n" + event({"error": _ERROR}), done=False), "no_quota"),
    "error as text": (_body(OPEN, HELLO, {"error": "insufficient_quota", "message": "no money"}), "no_quota"),
    "error text without a code": (_body({"error": "all is broken"}), "upstream"),
    "error beside choices": (_body({**HELLO, "error": {"message": "slow", "code": 429}}), "rate_limited"),
    "error without data": (b'{"error":{"message":"no money","code":"insufficient_quota"}}\n\n', "no_quota"),
    "error over several lines without data": (b'{\n  "error": {\n    "code": "invalid_api_key",\n    "message": "no"\n  }\n}\n', "bad_key"),
    "error in a list": (b'[{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}]', "upstream"),
    "error of another shape": (b'{"detail":"Model `m` does not exist"}', "not_found"),
    "finish reason error": (_body(OPEN, HELLO, chunk({}, "error")), "upstream"),
    "cut": (_body(OPEN, HELLO, done=False), "upstream"),
    "cut inside a frame": (_body(OPEN, HELLO, done=False) + event(WORLD)[:40], "upstream"),
    "cut with one choice unfinished": (_body(OPEN, HELLO, chunk({"content": "x"}, index=1), STOP, done=False), "upstream"),
    "nothing at all": (b"", "upstream"),
    "only the end mark": (DONE, "upstream"),
    "only comments": (b": hi\n\n", "upstream"),
    "only garbage": (_body(b"data: \x00\xff\n\n", b"data: nope\n\n"), "upstream"),
    "html": (b"<!DOCTYPE html><html><body>502</body></html>", "upstream"),
    "an empty answer": (_body(OPEN), "upstream"),
    "json that is no answer": (b'{"ok":true}', "upstream"),
}
