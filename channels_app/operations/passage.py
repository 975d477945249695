"""Streams of operations other than chat, passed on as they are: bytes of sound, or events of which the last ones tell the usage.

A vendor that answers a request for a stream with JSON, an error or a whole answer, is understood too. Readers hold the last
piece back, so that it goes out after the call was settled.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from channels_app import failures, sse
from channels_app.contract import Failure, FailureKind, Frame, FrameKind, UpstreamHead, Usage

_LONGEST_ERROR = 64 * 1024


class BytesPassage:
    """Bytes of a sound as they come; no vendor tells a usage with them."""

    def __init__(self, head: UpstreamHead) -> None:
        self._is_text = head.content_type in {"application/json", "text/html"}
        self._held = b""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Pass on what came before this chunk."""
        if self._is_text:  # no sound: an error under a good status
            self._held = (self._held + chunk)[:_LONGEST_ERROR]
            return []
        held, self._held = self._held, chunk
        return [Frame(FrameKind.CONTENT, held, len(held))] if held else []

    def end(self) -> list[Frame]:
        """Return the last piece, to be sent after the call was settled."""
        if self._is_text or not self._held:
            return [Frame(FrameKind.ERROR, failure=_failure_of(self._held))]
        return [
            Frame(FrameKind.CONTENT, b"", len(self._held)),
            Frame(FrameKind.FINISH, self._held),
            Frame(FrameKind.DONE),
        ]


class EventPassage:
    """Events as they come. `last` are the types that end an answer; `usage` reads the events of these types."""

    def __init__(self, *, last: Collection[str], usage: Callable[[Sequence[Mapping[str, Any]]], Usage | None]) -> None:
        self._last = frozenset(last)
        self._usage = usage
        self._parser = sse.Parser()
        self._ends: list[Mapping[str, Any]] = []
        self._head = b""
        self._is_events = False
        self._failed: Failure | None = None

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes as they arrive; return the events they complete, but the last ones only at the end."""
        if not self._is_events:
            self._head += chunk
            start = self._head.lstrip(b" \t\r\n\xef\xbb\xbf")
            if not start or start[:1] in b"{<[":
                return []  # no event stream: read at the end
            self._is_events, chunk = True, self._head
        return self._frames(self._parser.feed(chunk))

    def end(self) -> list[Frame]:
        """Say that upstream closed the connection; return what is left."""
        if not self._is_events:
            return [Frame(FrameKind.ERROR, failure=_failure_of(self._head))]
        frames = self._frames(self._parser.end())
        if frames and frames[-1].kind in {FrameKind.ERROR, FrameKind.DONE}:
            return frames
        if self._failed is not None:
            return [*frames, Frame(FrameKind.ERROR, failure=self._failed)]
        usage = self._usage(self._ends)
        if not self._ends:
            cut = Failure(FailureKind.UPSTREAM, "upstream cut the stream before its end")
            return [*frames, Frame(FrameKind.ERROR, failure=cut, usage=usage)]
        return [*frames, Frame(FrameKind.USAGE, usage=usage), Frame(FrameKind.DONE)]

    def _frames(self, events: Sequence[sse.Event]) -> list[Frame]:
        frames: list[Frame] = []
        for event in events:
            if event.is_comment:
                frames.append(Frame(FrameKind.COMMENT, b": " + event.data + b"\n\n"))
            elif not event.data.startswith(b"[DONE]"):
                self._event(event, frames)
            if self._failed is not None:
                break
        return frames

    def _event(self, event: sse.Event, frames: list[Frame]) -> None:
        try:
            payload: Any = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            return  # never forwarded raw
        if not isinstance(payload, dict):
            return
        kind = payload.get("type") or event.name.decode(errors="replace")
        if kind == "error" or payload.get("error"):
            complaint = failures.find(payload if payload.get("error") else {"error": payload})
            self._failed = failures.of_complaint(complaint or failures.Complaint("upstream sent an error"))
            frames.append(Frame(FrameKind.ERROR, failure=self._failed, usage=self._usage(self._ends) if self._ends else None))
            return
        name = b"event: " + str(kind).encode() + b"\n" if kind else b""
        shown = name + b"data: " + event.data.replace(b"\n", b"") + b"\n\n"
        frames.append(Frame(FrameKind.CONTENT, shown, len(event.data)))
        if kind in self._last:
            self._ends.append(payload)


def _failure_of(body: bytes) -> Failure:
    """Return what is wrong with a body that should have been a stream."""
    if not body.strip():
        return Failure(FailureKind.UPSTREAM, "upstream sent an empty answer")
    try:
        complaint = failures.find(orjson.loads(body))
    except orjson.JSONDecodeError:
        complaint = None
    return failures.of_complaint(complaint) if complaint else Failure(FailureKind.UPSTREAM, "upstream sent no stream")
