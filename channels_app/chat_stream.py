"""Normalise an OpenAI-type chat stream: a vendor's bytes in, frames every official client can read out.

Original bytes pass through unless a rule is broken: constant id, created, model and object; the role first; choice 0
first; exactly one finish reason per choice, after its content; the usage last, with `choices: []`, only where asked for;
comments as comments; errors as objects. A stream cut before its end becomes an ERROR frame, never a made-up finish; cut
after its finish reasons it is complete. FINISH, USAGE and DONE come together at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from channels_app import failures, lenient, sse
from channels_app.chat_deltas import FAILED, Choice, delivers, size
from channels_app.chat_render import DONE, Renderer, error_bytes
from channels_app.chat_runs import Run, is_plain
from channels_app.chat_usage import client_usage, is_nonzero, is_reported, read_usage
from channels_app.contract import Failure, Frame, FrameKind

_ASIDE = ("message", "usage")
# From so many chunks of text the bytes around it are learned.
_LESSONS = 4
_BLANK = b" \t\r\n\xef\xbb\xbf"


class ChatReader:
    """Read one stream, text in runs if `in_runs`. `skipped` counts frames that made no sense; `render` writes in place of ours;
    `goes_on` tells whether a tool's name is only the beginning of one that the client knows."""

    def __init__(
        self,
        *,
        model: str,
        wants_usage: bool,
        request_id: str,
        created: int,
        in_runs: bool = True,
        render: Renderer | None = None,
        goes_on: Callable[[str], bool] | None = None,
    ) -> None:
        self.skipped = 0
        self.delivered = 0
        self._wants_usage = wants_usage
        self._render = render or Renderer(model=model, wants_usage=wants_usage, request_id=request_id, created=created)
        self._call_prefix = f"call_{request_id.replace('-', '')[-12:]}"
        self._goes_on = goes_on
        self._parser = sse.Parser()
        self._choices: dict[int, Choice] = {}
        self._usage: dict[str, Any] | None = None
        self._usage_chunk: dict[str, Any] = {}
        self._head = b""  # what came before it is known whether this is an event stream
        self._body: list[bytes] | None = None  # the parts of an answer that is none
        self._body_size = 0
        self._is_sse = False
        self._is_over = False
        self._run: Run | None = None
        self._lessons = _LESSONS if in_runs else 0
        self._cuts = 2 * self._lessons

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take bytes as they arrive; return the frames they complete."""
        frames: list[Frame] = []
        if self._is_over:
            return frames
        if not self._is_sse:
            if self._body is not None:
                self._collect(self._body, chunk, frames)
                return frames
            chunk = self._sniff(chunk)
        try:
            while chunk and not self._is_over:
                chunk = self._piece(chunk, frames)
        except sse.LineTooLong as error:
            self._fail(failures.of_vendor(str(error)), frames)
        return frames

    def _piece(self, chunk: bytes, frames: list[Frame]) -> bytes:
        """Read the beginning of a chunk: a run of plain text, or what comes before the next one; return the rest."""
        cut = 0
        if self._run is not None:
            if chunk.startswith(self._run.start) and self._parser.is_between and (taken := self._run.take(chunk)) is not None:
                self.delivered += taken.delivered
                frames.append(Frame(FrameKind.CONTENT, taken.shown, taken.delivered, events=taken.events))
                return taken.rest
            cut = chunk.find(b"\n\n" + self._run.start) + 2
        elif self._cuts:
            self._cuts -= 1
            cut = chunk.find(b"\n\n") + 2
        piece, rest = (chunk[:cut], chunk[cut:]) if cut > 1 else (chunk, b"")
        self._take(self._parser.feed(piece), frames)
        return rest

    def end(self) -> list[Frame]:
        """Say that upstream closed the connection; return what is left, ending in DONE or in ERROR."""
        frames: list[Frame] = []
        if self._is_over:
            return frames
        if self._body is not None:
            self._read_body(b"".join(self._body), frames)
        else:
            self._take(self._parser.feed(self._head) if not self._is_sse else [], frames)
            self._take(self._parser.end(), frames)
        if not self._is_over:
            self._close(frames, is_marked=False)
        return frames

    def _sniff(self, chunk: bytes) -> bytes:
        """Return the bytes for the event parser, or b"" while it is unclear or known that this is another kind of body."""
        self._head += chunk
        start = self._head.lstrip(_BLANK)
        if not start or (start[:1] == b"[" and len(start) < 2):
            return b""
        head, self._head = self._head, b""
        if start[:1] in b"{<" or (start[:1] == b"[" and start[1:2] != b"D"):
            self._body, self._body_size = [head], len(head)
            return b""
        self._is_sse = True
        return head

    def _collect(self, parts: list[bytes], chunk: bytes, frames: list[Frame]) -> None:
        parts.append(chunk)
        self._body_size += len(chunk)
        if self._body_size > sse.LINE_LIMIT:
            self._fail(failures.of_vendor("upstream's answer is too long"), frames)

    def _read_body(self, body: bytes, frames: list[Frame]) -> None:
        """Read a JSON answer to a request for a stream: an error, or a completion to be told as a stream."""
        try:
            payload = lenient.loads(body.strip(_BLANK))
        except ValueError:
            self._take([sse.Event(line) for line in body.split(b"\n") if line.strip()], frames)
            return
        is_answer = isinstance(payload, dict) and isinstance(payload.get("choices"), list) and not failures.is_beside(payload)
        if not isinstance(payload, dict) or not is_answer:
            complaint = failures.find(payload)
            self._fail(failures.of_complaint(complaint) if complaint else failures.of_vendor("upstream sent no event stream"), frames)
            return
        self._chunk(payload, None, frames)
        self._close(frames, is_marked=True)

    def _take(self, events: list[sse.Event], frames: list[Frame]) -> None:
        for event in events:
            if self._is_over:
                return
            if event.is_comment:
                frames.append(Frame(FrameKind.COMMENT, b": " + event.data + b"\n\n"))
            elif event.data.startswith(b"[DONE]"):
                self._close(frames, is_marked=True)
            else:
                self._event(event, frames)

    def _event(self, event: sse.Event, frames: list[Frame]) -> None:
        data: bytes | None = event.data
        try:
            chunk = orjson.loads(event.data)
        except orjson.JSONDecodeError:
            data = None  # what only a lenient parser reads is written anew
            try:
                chunk = lenient.loads(event.data)
            except ValueError:
                self._salvage(event, frames)
                return
        if type(chunk) is dict and "choices" in chunk and not failures.is_beside(chunk):
            self._chunk(chunk, data, frames)
            return
        complaint = failures.find(chunk) if event.name == b"error" or failures.is_frame(chunk) else None
        if complaint is not None:
            self._fail(failures.of_complaint(complaint), frames)
        elif isinstance(chunk, dict) and is_reported(chunk.get("usage")):
            self._note_usage(chunk)
        else:
            self.skipped += 1

    def _salvage(self, event: sse.Event, frames: list[Frame]) -> None:
        """Read events that a vendor glued together: one a line, or without even a line end between them."""
        pieces = [piece for piece in event.data.replace(b"}data:", b"}\n").split(b"\n") if piece.strip()]
        if len(pieces) > 1:
            self._take([sse.Event(piece.removeprefix(b"data:").strip(), event.name) for piece in pieces], frames)
        elif event.name == b"error":
            self._fail(failures.of_complaint(failures.Complaint(event.data[:2000].decode(errors="replace"))), frames)
        else:
            self.skipped += 1

    def _chunk(self, chunk: dict[str, Any], data: bytes | None, frames: list[Frame]) -> None:
        if chunk.get("usage"):
            self._note_usage(chunk)
        choices = chunk.get("choices")
        if not choices or type(choices) is not list:
            return  # a usage chunk (told at the end), or Azure's prompt annotations
        if len(choices) != 1:
            data = None
        elif data is not None and is_plain(choices[0], self._choices):
            text = choices[0]["delta"]["content"]
            delivered = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
            self.delivered += delivered
            shown = self._render.chunk(chunk, choices[0], data)
            if self._run is None and self._lessons:
                self._lessons -= 1
                self._run = Run.learn(data, text, shown)
            frames.append(Frame(FrameKind.CONTENT, shown, delivered))
            return
        self._render.settle(chunk)
        for choice in choices:
            if isinstance(choice, dict) and not self._is_over:
                self._choice(chunk, choice, data, frames)

    def _choice(self, chunk: dict[str, Any], choice: dict[str, Any], data: bytes | None, frames: list[Frame]) -> None:
        index = choice.get("index")
        if type(index) is not int or index < 0:
            index, data = 0, None
        state = self._choices.get(index) or self._open(index, frames)
        delta = choice.get("delta")
        if type(delta) is not dict:
            message = choice.get("message")
            # Beside earlier deltas a whole message is a repetition (MiniMax).
            delta, data = message if isinstance(message, dict) and not self.delivered else {}, None
        fixed = state.repair(delta)
        if fixed is not delta:
            data = None
        reason = choice.get("finish_reason")
        if reason is not None:
            if reason in FAILED:
                self._fail(failures.of_complaint(failures.find(choice) or failures.Complaint("the vendor ended with an error")), frames)
                return
            data = self._finish(state, chunk, choice, fixed, str(reason), data)
            if state.last is not None and not delivers(fixed):
                return
        if data is None:
            choice = {name: value for name, value in choice.items() if name != "message"}
            choice |= {"index": index, "delta": fixed, "finish_reason": None}
        self._emit(chunk, choice, fixed, data, frames)

    def _finish(
        self, state: Choice, chunk: dict[str, Any], choice: dict[str, Any], delta: dict[str, Any], reason: str, data: bytes | None
    ) -> bytes | None:
        """Note a finish reason and keep its chunk for the end; return the bytes that may still pass through: none."""
        if choice.get("usage"):  # Moonshot's place for it
            self._note_usage({**chunk, "usage": choice["usage"]})
        if reason:
            state.finish = reason
            is_bare = not delivers(delta)
            kept = {name: value for name, value in choice.items() if name not in _ASIDE}
            state.last = (chunk, {**kept, "index": state.index, "delta": delta if is_bare else {}}, data if is_bare else None)
        return None

    def _emit(self, chunk: dict[str, Any], choice: dict[str, Any], delta: dict[str, Any], data: bytes | None, frames: list[Frame]) -> None:
        kind, delivered = FrameKind.ROLE, 0
        if delivers(delta):
            kind, delivered = FrameKind.CONTENT, size(delta)
            self.delivered += delivered
        frames.append(Frame(kind, self._render.chunk(chunk, choice, data), delivered))

    def _open(self, index: int, frames: list[Frame]) -> Choice:
        if index and not self._choices:  # the SDKs index a list by it: choice 0 must come first
            first = self._choices[0] = Choice(0, self._call_prefix, self._goes_on)
            delta = first.repair({"role": "assistant", "content": ""})
            frames.append(Frame(FrameKind.ROLE, self._render.chunk({}, {"index": 0, "delta": delta, "finish_reason": None}, None)))
        state = self._choices[index] = Choice(index, self._call_prefix, self._goes_on)
        return state

    def _note_usage(self, chunk: dict[str, Any]) -> None:
        """Keep the last usage that says something: vendors repeat it, cumulate it, or send zeros in between."""
        raw = chunk.get("usage")
        if isinstance(raw, dict) and is_reported(raw) and (self._usage is None or is_nonzero(raw)):
            self._usage, self._usage_chunk = raw, chunk

    def _close(self, frames: list[Frame], *, is_marked: bool) -> None:
        """End the stream: DONE if upstream marked the end or gave every finish reason, otherwise ERROR."""
        reasons = [state.finish for state in self._choices.values()]
        if not reasons:
            self._fail(failures.of_vendor("upstream sent nothing that is an answer"), frames)
        elif not is_marked and None in reasons:
            self._fail(failures.of_vendor("upstream cut the stream before its end"), frames)
        elif not any(reasons) and not self.delivered and not any(state.tools for state in self._choices.values()):
            self._fail(failures.of_vendor("upstream sent an empty answer"), frames)
        else:
            self._complete(frames)

    def _complete(self, frames: list[Frame]) -> None:
        self._is_over = True
        for _, state in sorted(self._choices.items()):
            chunk, choice, data = state.last or ({}, {"index": state.index, "delta": {}}, None)
            reason = state.final_reason
            if choice.get("finish_reason") != reason:
                choice, data = {**choice, "finish_reason": reason}, None
            frames.append(Frame(FrameKind.FINISH, self._render.chunk(chunk, choice, data)))
        if self._usage is not None:
            shown = self._render.usage(self._usage_chunk, client_usage(self._usage)) if self._wants_usage else b""
            frames.append(Frame(FrameKind.USAGE, shown, usage=read_usage(self._usage)))
        frames.append(Frame(FrameKind.DONE, DONE))

    def _fail(self, failure: Failure, frames: list[Frame]) -> None:
        self._is_over = True
        usage = read_usage(self._usage)
        frames.append(Frame(FrameKind.ERROR, error_bytes(failure) + DONE, usage=usage, failure=failure))
