"""The two faces of a wire protocol: a Vendor that is asked in it, and a Client that asks in it. Pure.

A module (or package) of `channels_app.dialects` offers `VENDOR`, a Vendor, and where clients may speak it `CLIENT`, a Client.
`bridge` joins the client's face of one to the vendor's face of another; see `contract` for the whole way.

A canonical request (`Call.chat`) is the fields of an OpenAI chat completion, and beyond them, for whoever understands it:

    messages[].reasoning_content     what an assistant thought, as text
    messages[].thinking_blocks       Anthropic's thinking and redacted_thinking blocks, with their signatures
    messages[].reasoning_details     opaque reasoning: {"type": "reasoning.encrypted", "data": …, "id": …}
    tool_calls[].extra_content       {"google": {"thought_signature": …}}
    parts, tools: cache_control      Anthropic's marks for its prompt cache, kept where they were
    parts: file                      {"file": {"file_data": data URL | "file_url": …, "filename": …}}: a document
    tool messages                    content is text, or parts that may hold pictures; `is_error` tells a failed tool
    thinking                         Anthropic's own switch, beside `reasoning_effort`, where the client named a budget
    top_k, safety_settings …         what only some protocols know: a Vendor that does not leaves it out

Operations other than chat are said in OpenAI's form: canonical fields are the OpenAI request's, and `Vendor.answer` gives
OpenAI's answer. Unexpressible is raised, before anything is sent, for what a protocol cannot say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import orjson

from channels_app.contract import (
    Answer,
    Call,
    ChannelFacts,
    Encoded,
    Failure,
    Frame,
    FrameKind,
    StreamReader,
    UpstreamHead,
)
from channels_app.deltas import Broken, Comment, Consumed, Delta, Done, delivered, is_content
from channels_app.heard import Heard, Unexpressible

__all__ = [
    "CHAT",
    "EVENT_STREAM",
    "OPERATIONS",
    "Client",
    "EventReader",
    "FrameWriter",
    "Heard",
    "Problem",
    "Unexpressible",
    "Vendor",
    "WholeReader",
    "tell",
    "with_limit",
]

CHAT = "chat"
OPERATIONS = frozenset(
    {
        CHAT, "completions", "embeddings", "moderations", "images", "image_edits", "image_variations", "speech", "transcriptions",
        "translations", "rerank", "count_tokens",
    }
)  # fmt: skip
EVENT_STREAM = "text/event-stream; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Problem:
    """An error of ours, to be told in the client's protocol. `type` and `code` are OpenAI's words for it."""

    status: int
    type: str
    message: str
    code: str | None = None
    param: str | None = None
    request_id: str = ""
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


class EventReader(Protocol):
    """Turns a vendor's stream into deltas, any chunking giving the same; made anew for each attempt.

    The last delta is Done (with a Finish for each choice before it) or Broken. A stream cut off before it said everything is
    Broken: nobody makes up a finish. Call `end` after a lost connection too.
    """

    def feed(self, chunk: bytes) -> Sequence[Delta]:
        """Take bytes as they arrive; return what they say."""

    def end(self) -> Sequence[Delta]:
        """Say that upstream closed the connection; return what is left."""


class FrameWriter(Protocol):
    """Writes a stream in the client's protocol; made anew for each attempt."""

    def write(self, delta: Delta) -> bytes:
        """Return the frames for a delta; Finish and Consumed are kept for `close`. Never called with Done or Broken."""

    def close(self) -> tuple[bytes, bytes]:
        """Return the frames that end the stream, and the protocol's end mark."""


class Vendor:
    """A protocol as upstream speaks it. Override what it can do; `operations` names that."""

    name: ClassVar[str]
    operations: ClassVar[frozenset[str]] = frozenset({CHAT})
    wants_bytes: ClassVar[bool] = False  # pictures by URL must be fetched for it (see `inlining`)

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        """Return the request: the client's own body where `call.dialect` is this protocol, else written from `call.chat`.

        `call.operation` is one of `operations`. Raise Unexpressible.
        """
        raise NotImplementedError

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        """Read a complete chat answer with a 2xx status; an error inside it becomes Broken."""
        raise NotImplementedError

    def events(self, call: Call) -> EventReader:
        """Return a reader for a streamed chat answer; without one of its own, complete answers are told as a stream."""
        return WholeReader(self, call)

    def form_of(self, channel: ChannelFacts) -> str:
        """Return what `call.form` says to the native readers where the client's address says nothing: the mark of ids that
        only this channel can go on from."""
        return ""

    def native_answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read a complete chat answer for a client that speaks this protocol: its own bytes, under the public model name."""
        raise NotImplementedError

    def native_reader(self, call: Call, *, request_id: str, created: int) -> StreamReader:
        """Return a reader of a streamed chat answer for a client that speaks this protocol."""
        raise NotImplementedError

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read the answer to an operation other than chat, and give it in OpenAI's form, with its usage."""
        raise NotImplementedError

    def operation_reader(self, call: Call, head: UpstreamHead) -> StreamReader:
        """Return a reader of a streamed answer to an operation other than chat: OpenAI's events, or bytes."""
        raise NotImplementedError

    def classify(self, status: int, body: bytes) -> Failure:
        """Say what an error answer means: the body's code first, the status second."""
        raise NotImplementedError


class Client:
    """A protocol as clients speak it. `call.fields` are in this protocol."""

    name: ClassVar[str]

    def hear(self, heard: Heard) -> Call:
        """Return the call that a request makes; raise Unexpressible for one that is not well formed."""
        raise NotImplementedError

    def understand(self, call: Call) -> Mapping[str, Any]:
        """Return the canonical fields; raise Unexpressible for what they cannot say."""
        raise NotImplementedError

    def output_limit(self, call: Call) -> int | None:
        """Return the client's own limit of output tokens for one choice, if it set one."""
        raise NotImplementedError

    def limited(self, call: Call, tokens: int) -> Mapping[str, Any]:
        """Return the client's fields with this limit of output tokens."""
        raise NotImplementedError

    def choices(self, call: Call) -> int:
        """Return how many answers are asked for at once."""
        return 1

    def writer(self, call: Call, *, request_id: str, created: int) -> FrameWriter:
        """Return a writer for one stream; `request_id` is hexadecimal, `created` unix seconds."""
        raise NotImplementedError

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        """Write a complete answer."""
        raise NotImplementedError

    def status(self, problem: Problem) -> int:
        """Return the HTTP status under which this protocol tells a problem."""
        return problem.status

    def problem(self, problem: Problem) -> bytes:
        """Return the body that tells a problem."""
        raise NotImplementedError

    def problem_frames(self, problem: Problem, *, form: str, has_begun: bool) -> bytes:
        """Return the frames that tell a problem in a stream and end it; `has_begun` tells whether more than heartbeats went before."""
        raise NotImplementedError

    def stream_type(self, call: Call) -> str:
        """Return the content type of a streamed answer."""
        return EVENT_STREAM

    def heartbeat(self, call: Call) -> bytes:
        """Return what a stream says while upstream is silent."""
        return b": keep-alive\n\n"

    def has_comments(self, call: Call) -> bool:
        """Tell whether a stream may hold `: …` comments."""
        return True


def with_limit(client: Client, call: Call, tokens: int) -> Call:
    """Return the call with a smaller limit of output tokens."""
    fields = client.limited(call, tokens)
    return replace(call, fields=fields, body=orjson.dumps(fields))


def tell(deltas: Sequence[Delta], writer: FrameWriter) -> list[Frame]:
    """Return deltas as frames of a client's protocol."""
    frames: list[Frame] = []
    for delta in deltas:
        if isinstance(delta, Done):
            last, mark = writer.close()
            frames += [Frame(FrameKind.FINISH, last), Frame(FrameKind.DONE, mark)]
        elif isinstance(delta, Broken):
            frames.append(Frame(FrameKind.ERROR, failure=delta.failure))
        else:
            frames.append(_frame(delta, writer))
    return frames


def _frame(delta: Delta, writer: FrameWriter) -> Frame:
    data = writer.write(delta)
    if is_content(delta):
        return Frame(FrameKind.CONTENT, data, delivered(delta))
    if isinstance(delta, Consumed):
        return Frame(FrameKind.USAGE, data, usage=delta.usage)
    return Frame(FrameKind.COMMENT if isinstance(delta, Comment) else FrameKind.ROLE, data)


class WholeReader:
    """Tells a complete answer as a stream, for protocols that do not stream or vendors that did not."""

    def __init__(self, vendor: Vendor, call: Call) -> None:
        self._vendor = vendor
        self._call = call
        self._parts: list[bytes] = []

    def feed(self, chunk: bytes) -> Sequence[Delta]:
        """Keep the bytes."""
        self._parts.append(chunk)
        return ()

    def end(self) -> Sequence[Delta]:
        """Return the whole answer."""
        deltas = self._vendor.deltas(self._call, UpstreamHead(200, {}), b"".join(self._parts))
        return deltas if deltas and isinstance(deltas[-1], Broken | Done) else [*deltas, Done()]
