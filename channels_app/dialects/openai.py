"""The chat-completions protocol of OpenAI, spoken by most vendors and most clients; canonical requests are in it.

Source: https://platform.openai.com/docs/api-reference/chat.
`classify` knows no headers: the delay a vendor asks for is `UpstreamHead.retry_after_seconds`.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from channels_app import failures, text_completions
from channels_app.channel_settings import stripped
from channels_app.chat_answer import read_answer
from channels_app.chat_events import ChatEvents, of_answer
from channels_app.chat_known import KnownReader
from channels_app.chat_lessons import Patterns
from channels_app.chat_parts import ToolNames
from channels_app.chat_render import DONE
from channels_app.chat_request import is_reasoning, write_body
from channels_app.chat_rewrite import write_chat
from channels_app.chat_stream import ChatReader
from channels_app.chat_writer import ChatWriter, envelope, write_completion
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, StreamReader, UpstreamHead
from channels_app.deltas import Delta
from channels_app.faces import CHAT, Client, Problem, Vendor
from channels_app.operations.table import OPERATIONS

NAME = "openai"
_PATH = "/chat/completions"
_LIMITS = ("max_completion_tokens", "max_tokens")


class OpenAIVendor(Vendor):
    """Upstream speaks chat completions."""

    name = NAME
    operations = frozenset({CHAT, *OPERATIONS})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        names = stripped(channel)
        if call.operation != CHAT:
            return OPERATIONS[call.operation].encode(call, channel, strip=frozenset(names))
        upstream = channel.upstream(call.model)
        if call.dialect == text_completions.NAME and text_completions.is_native(call, channel):
            return Encoded(text_completions.PATH, write_body(call, upstream_model=upstream, strip=names))
        if call.dialect == NAME:
            return Encoded(_PATH, write_body(call, upstream_model=upstream, strip=names))
        return Encoded(_PATH, write_chat(call.chat, upstream_model=upstream, is_stream=call.is_stream, strip=names))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        if call.dialect == text_completions.NAME:
            return of_answer(replace(call, understand=None), text_completions.as_chat(body))
        return of_answer(call, body)

    def events(self, call: Call) -> ChatEvents:
        if call.dialect == text_completions.NAME:
            return text_completions.TextEvents(replace(call, understand=None))
        return ChatEvents(call)

    def native_answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        """Read a complete answer whatever content type it claims."""
        return read_answer(body, model=call.model)

    def native_reader(self, call: Call, *, request_id: str, created: int) -> KnownReader:
        """Return the normaliser of one stream."""
        patterns, make = _known(call.model, call.wants_usage)
        # Hardly ever made: nothing is prepared for it.
        return KnownReader(patterns, lambda: make(request_id=request_id, created=created, goes_on=lambda name: _goes_on(call, name)))

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        return OPERATIONS[call.operation].read(call, head, body)

    def operation_reader(self, call: Call, head: UpstreamHead) -> StreamReader:
        return OPERATIONS[call.operation].reader(call, head)

    def classify(self, status: int, body: bytes) -> Failure:
        return failures.classify(status, body)


class OpenAIClient(Client):
    """Clients speak chat completions."""

    name = NAME

    def understand(self, call: Call) -> Mapping[str, Any]:
        return call.fields

    def output_limit(self, call: Call) -> int | None:
        limit: int | None = call.fields.get("max_completion_tokens")
        older: int | None = call.fields.get("max_tokens")
        if limit is None or older is None:
            return older if limit is None else limit
        return min(limit, older)

    def limited(self, call: Call, tokens: int) -> Mapping[str, Any]:
        """Set the limit under the name that the client (or the model) uses."""
        names = [name for name in _LIMITS if call.fields.get(name) is not None]
        if not names:
            names = ["max_completion_tokens" if is_reasoning(call.model) else "max_tokens"]
        return {**call.fields, **dict.fromkeys(names, tokens)}

    def choices(self, call: Call) -> int:
        return call.fields.get("n") or 1

    def writer(self, call: Call, *, request_id: str, created: int) -> ChatWriter:
        return ChatWriter(call, request_id=request_id, created=created)

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        return write_completion(call, deltas, request_id=request_id, created=created)

    def problem(self, problem: Problem) -> bytes:
        return envelope(problem)

    def problem_frames(self, problem: Problem, *, form: str, has_begun: bool) -> bytes:
        """Return an error frame, then the end mark."""
        return b"data: " + self.problem(problem) + b"\n\n" + DONE


@functools.lru_cache(maxsize=1024)
def _known(model: str, wants_usage: bool) -> tuple[Patterns, functools.partial[ChatReader]]:
    """Return what this process remembers of a model's streams, and what makes their reader."""
    make = functools.partial(ChatReader, model=model, wants_usage=wants_usage)
    return Patterns(make), make


def _goes_on(call: Call, name: str) -> bool:
    return ToolNames(call.fields).may_go_on(name)


VENDOR = OpenAIVendor()
CLIENT = OpenAIClient()
