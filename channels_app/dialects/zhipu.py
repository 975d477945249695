"""Zhipu's interface v3: a list of prompts in, text in plain event lines out, the usage in a `meta:` line.

Source: the vendor's retired reference for `model-api`. Roles are user and assistant, strictly in turn; refusals come with
status 200 and `success: false`; a complete answer may stand in literal quotation marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from channels_app import bounds, codes, failures, lenient, turns
from channels_app.chat_usage import read_usage
from channels_app.contract import Call, ChannelFacts, Encoded, Failure, FailureKind, UpstreamHead
from channels_app.deltas import Broken, Consumed, Delta, Done, Finish, Text
from channels_app.faces import Vendor

_OPEN = (bounds.LEAST, 0.99)  # the vendor refuses both ends of 0 … 1


class ZhipuV3(Vendor):
    """Chat alone, without tools and pictures."""

    name = "zhipu"

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        """Write the conversation as prompts; the system's words come first, as the user's."""
        fields = call.chat
        turns.require(fields)
        said = turns.in_turn(fields.get("messages") or (), opening=turns.system_text(fields.get("messages") or ()))
        body: dict[str, Any] = {
            "prompt": [{"role": turn.role, "content": turn.text} for turn in said],
            **bounds.clamped(fields, temperature=_OPEN, top_p=_OPEN),
        }
        if call.is_stream:
            # Without it nobody knows whether the vendor repeats the text in each event.
            body["incremental"] = True
        way = "sse-invoke" if call.is_stream else "invoke"
        return Encoded(f"/model-api/{quote(channel.upstream(call.model), safe='')}/{way}", orjson.dumps(body))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        """Read a complete answer."""
        return list(_whole(body))

    def events(self, call: Call) -> _Reader:
        """Return a reader of event lines."""
        return _Reader()

    def classify(self, status: int, body: bytes) -> Failure:
        """Say what an error answer means."""
        return failures.classify(status, body, codes.ZHIPU)


VENDOR = ZhipuV3()


def _whole(body: bytes) -> Iterator[Delta]:
    try:
        payload = lenient.loads(body)
    except ValueError:
        payload = None
    data = payload.get("data") if isinstance(payload, dict) and payload.get("success") else None
    if not isinstance(data, Mapping):
        yield Broken(_refusal(payload, body))
        return
    yield Text("".join(_unquoted(str(choice.get("content") or "")) for choice in data.get("choices") or ()))
    yield from _end(data)


def _end(data: Mapping[str, Any]) -> Iterator[Delta]:
    usage = read_usage(data.get("usage"))
    if usage is not None:
        yield Consumed(usage)
    yield Finish("stop")
    yield Done()


def _refusal(payload: object, body: bytes) -> Failure:
    return failures.in_body(payload, codes.ZHIPU) or Failure(FailureKind.UPSTREAM, "upstream sent nothing that is an answer")


def _unquoted(text: str) -> str:
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    try:
        read = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text[1:-1]
    return read if isinstance(read, str) else text


class _Reader:
    """Reads event lines: `data:` is text as it is, several of them are lines of it, an empty one is a line end."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = b""
        self._lines: list[bytes] = []
        self._is_json: bool | None = None
        self._is_over = False

    def feed(self, chunk: bytes) -> Sequence[Delta]:
        """Take bytes as they arrive; return what they say."""
        self._rest += chunk
        if self._is_json is None and self._rest.strip():
            self._is_json = self._rest.lstrip().startswith(b"{")
        if self._is_json is not False:
            return ()
        *lines, self._rest = self._rest.replace(b"\r\n", b"\n").split(b"\n")
        return [delta for line in lines for delta in self._line(line)]

    def end(self) -> Sequence[Delta]:
        """Say that upstream closed the connection; return what is left."""
        if self._is_json:
            return list(_whole(self._rest))
        rest = [delta for line in (self._rest, b"") for delta in self._line(line)]
        return rest if self._is_over else [*rest, Broken(Failure(FailureKind.UPSTREAM, "upstream cut the stream before its end"))]

    def _line(self, line: bytes) -> Iterator[Delta]:
        if self._is_over:
            return
        name, _, value = line.partition(b":")
        if not line:
            yield from self._dispatch()
        elif name == b"event":
            self._name = value.strip()
        elif name == b"data":
            self._lines.append(value)
        elif name == b"meta":
            yield from self._dispatch()
            yield from self._meta(value)

    def _dispatch(self) -> Iterator[Delta]:
        lines, self._lines = self._lines, []
        text = b"\n".join(lines).decode(errors="replace")
        if self._name in {b"error", b"interrupted"}:
            self._is_over = True
            yield Broken(failures.of_complaint(failures.Complaint(text or "upstream interrupted the answer"), codes.ZHIPU))
        elif lines == [b""] and self._name != b"finish":
            yield Text("\n")
        elif text:
            yield Text(text)

    def _meta(self, value: bytes) -> Iterator[Delta]:
        self._is_over = True
        try:
            data = lenient.loads(value)
        except ValueError:
            data = {}
        yield from _end(data if isinstance(data, dict) else {})
