"""The engine of one call: decides what to do next from what has happened, and does nothing itself.

A generator that yields steps and is sent events. No I/O, no clock, no randomness, no Django.

    step      Send(attempt)   open this attempt            → Head | Broken
              ReadAll()       read the whole body          → Body | Broken
              Emit(data)      pass on (may be empty), then read the next chunk → Chunk | End | Broken

It returns an Outcome: how the call ended, what it consumed, and the last bytes, which go out only after the call is settled.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from channels_app.contract import JSON, Answer, Call, Failure, FailureKind, Frame, FrameKind, StreamReader, UpstreamHead, Usage
from foundation.values import value
from gateway.journey import EMPTY
from gateway.routing import Attempt, Failed

MOST_ATTEMPTS = 5
# So much of a stream's beginning is kept: what it has of tokens a byte counts for the rest where the vendor is silent.
_HEARD_BYTES = 64 * 1024


@value
class Send:
    """Open an attempt; `afresh` where it was refused and is mended now: with another token than the one before."""

    attempt: Attempt
    afresh: bool = False


@value
class ReadAll:
    pass


@value
class Emit:
    """Bytes for the client; `delivered` is the size of all text up to and including them."""

    data: bytes
    delivered: int


@value
class Head:
    head: UpstreamHead


@value
class Body:
    data: bytes


@value
class Chunk:
    data: bytes


@value
class End:
    pass


@value
class Broken:
    """The connection did not come up, gave no answer, or was cut."""

    failure: Failure


Step = Send | ReadAll | Emit
Event = Head | Body | Chunk | End | Broken
Engine = Generator[Step, Event, "Outcome"]


@dataclass(slots=True)
class Outcome:
    """How a call ended. `failure` without `attempt`: nothing was delivered; with it: the answer broke off.

    `said` is the answer's body, or the beginning of its stream, where its usage has to be counted.
    """

    failed: Sequence[Failed] = ()
    attempt: Attempt | None = None
    usage: Usage | None = None
    delivered: int = 0
    is_empty: bool = False
    failure: Failure | None = None
    tail: bytes = b""
    end_mark: bytes = b""
    content_type: str = JSON
    said: bytes = b""


class Plan(Protocol):
    """What the engine needs to know of the world, as pure functions."""

    call: Call

    def choose(self, failed: Sequence[Failed]) -> Attempt | None: ...
    def classify(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Failure: ...
    def read(self, attempt: Attempt, head: UpstreamHead, body: bytes) -> Answer: ...
    def reader(self, attempt: Attempt, head: UpstreamHead) -> StreamReader: ...
    def mend(self, attempt: Attempt, failure: Failure) -> bool: ...


Try = Callable[["Plan", Send], Generator[Step, Event, "Outcome | Failure"]]


def run(plan: Plan) -> Engine:
    """Try one channel after the other until one answers, or the client is at fault, or nobody is left."""
    failed: list[Failed] = []
    empty: Outcome | None = None
    one_try: Try = _stream if plan.call.is_stream else _whole
    while len(failed) < MOST_ATTEMPTS and (attempt := plan.choose(failed)) is not None:
        result = yield from one_try(plan, Send(attempt))
        if isinstance(result, Failure) and plan.mend(attempt, result):
            result = yield from one_try(plan, Send(attempt, afresh=True))
        if isinstance(result, Outcome):
            result.failed, result.attempt = tuple(failed), attempt
            if not result.is_empty or result.failure is not None or empty is not None:
                return result
            # Nothing was said and nothing has gone out: another channel may know better. It is asked once.
            empty, result = result, Failure(FailureKind.UPSTREAM, "the answer was empty", code=EMPTY)
        failed.append(Failed(attempt, result))
        if result.kind.is_users_fault:
            break
    return empty or Outcome(failed=failed, failure=failed[-1].failure if failed else None)


def _whole(plan: Plan, send: Send) -> Generator[Step, Event, Outcome | Failure]:
    opened = yield send
    if not isinstance(opened, Head):
        return _broken(opened)
    return (yield from _read_whole(plan, send.attempt, opened.head))


def _read_whole(plan: Plan, attempt: Attempt, head: UpstreamHead) -> Generator[Step, Event, Outcome | Failure]:
    """Read a complete body: an error, an error in a 200, or the answer."""
    read = yield ReadAll()
    if not isinstance(read, Body):
        return _broken(read)
    if not 200 <= head.status < 300:
        return plan.classify(attempt, head, read.data)
    answer = plan.read(attempt, head, read.data)
    if answer.failure is not None:
        return answer.failure
    said = answer.body if answer.usage is None else b""
    return Outcome((), None, answer.usage, answer.delivered, answer.is_empty, None, answer.body, b"", answer.content_type, said)


def _stream(plan: Plan, send: Send) -> Generator[Step, Event, Outcome | Failure]:
    opened = yield send
    if not isinstance(opened, Head):
        return _broken(opened)
    if not 200 <= opened.head.status < 300:
        return (yield from _read_whole(plan, send.attempt, opened.head))
    # Whatever type a 200 claims to be: the reader also knows JSON errors and whole completions, told as a stream.
    return (yield from _Stream(plan.reader(send.attempt, opened.head), is_binary=bool(plan.call.binary)).run())


def _broken(event: Event) -> Failure:
    if isinstance(event, Broken):
        return event.failure
    raise TypeError(f"the engine was sent {type(event).__name__} out of turn")


@dataclass(slots=True)
class _Stream:
    """One attempt's stream: holds frames back until content comes, and again from the finish to the end."""

    reader: StreamReader
    is_binary: bool = False
    held: list[bytes] = field(default_factory=list)
    has_content: bool = False
    usage: Usage | None = None
    delivered: int = 0
    end_mark: bytes = b""
    failure: Failure | None = None
    is_done: bool = False
    heard: list[bytes] = field(default_factory=list)
    heard_bytes: int = 0

    def run(self) -> Generator[Step, Event, Outcome | Failure]:
        out = b""
        while not self.is_done:
            event = yield Emit(out, self.delivered)
            out = self._take(self.reader.feed(event.data) if type(event) is Chunk else self._last(event))
            if self.heard_bytes < _HEARD_BYTES:
                self.heard.append(out)
                self.heard_bytes += len(out)
        if self.failure is not None and not self.has_content:
            return self.failure
        usage, failure = self.usage, self.failure
        is_empty = not self.has_content and (usage is None or not usage.total_output)
        tail = out + b"".join(self.held) if failure is None else out
        said = b"".join(self.heard) if usage is None and failure is None and not self.is_binary else b""
        return Outcome((), None, usage, self.delivered, is_empty, failure, tail, self.end_mark, JSON, said)

    def _last(self, event: Event) -> Sequence[Frame]:
        """Turn an end or a break into frames; a break after everything was said is an end like any other."""
        self.is_done = True
        if self.is_binary and isinstance(event, Broken):  # bytes have no end mark by which a reader could tell
            return [Frame(FrameKind.ERROR, failure=event.failure)]
        frames = self.reader.end()
        if not isinstance(event, Broken):
            return frames
        # The transport knows better than the reader why the stream was cut.
        return [replace(frame, failure=event.failure) if frame.kind is FrameKind.ERROR else frame for frame in frames]

    def _take(self, frames: Sequence[Frame]) -> bytes:
        """Return what may go out now."""
        out: list[bytes] = []
        for frame in frames:
            if frame.usage is not None:
                self.usage = frame.usage
            if frame.kind is FrameKind.CONTENT:
                out += self.held
                out.append(frame.data)
                self.held.clear()
                self.has_content = True
                self.delivered += frame.delivered
            elif frame.kind is FrameKind.COMMENT:
                if self.has_content:
                    out.append(frame.data)
            elif frame.kind is FrameKind.DONE or frame.kind is FrameKind.ERROR:
                self._end(frame)
                break
            else:
                self.delivered += frame.delivered
                self.held.append(frame.data)
        return out[0] if len(out) == 1 else b"".join(out)

    def _end(self, frame: Frame) -> None:
        """Note how the stream ends."""
        self.is_done = True
        if frame.kind is FrameKind.DONE:
            self.end_mark = frame.data
        else:
            self.failure = frame.failure or Failure(FailureKind.UPSTREAM, "upstream sent an error")
