"""Cohere's API, second version: chat with its own events, embeddings, reranking, and its errors."""

from __future__ import annotations

from typing import Any

from tests.doubles import replies
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received, Upstream

KEY = "co-key-1"
USAGE = {"billed_units": {"input_tokens": 5, "output_tokens": 3}, "tokens": {"input_tokens": 12, "output_tokens": 4}}
_CHAT_FIELDS = {
    "model", "messages", "stream", "tools", "strict_tools", "documents", "citation_options", "response_format", "safety_mode",
    "max_tokens", "stop_sequences", "temperature", "seed", "frequency_penalty", "presence_penalty", "k", "p", "logprobs", "tool_choice",
    "thinking", "priority",
}  # fmt: skip


def event(payload: dict[str, Any]) -> bytes:
    return f"event: {payload['type']}\n".encode() + replies.event(payload)


def opening() -> list[bytes]:
    start = {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant", "content": [], "tool_calls": []}}}
    content = {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}
    return [event(start), event(content)]


def words(texts: tuple[str, ...] = replies.WORDS) -> list[bytes]:
    said = [{"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": text}}}} for text in texts]
    return [*opening(), *map(event, said), event({"type": "content-end", "index": 0})]


def ending(reason: str = "COMPLETE", **rest: Any) -> bytes:
    return event({"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **rest}})


def answer(content: list[dict[str, Any]] | None = None, reason: str = "COMPLETE", **message: Any) -> Reply:
    said = content if content is not None else [{"type": "text", "text": replies.TEXT}]
    whole = {"role": "assistant", "content": said, **message}
    return replies.answer({"id": "c1", "finish_reason": reason, "message": whole, "usage": USAGE})


class Cohere(Upstream):
    """Refuses what the second version does not know, as the real one does (422)."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply_to(self, request: Received) -> Reply:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return replies.answer({"message": "invalid api token", "id": "e1"}, status=401)
        fields = request.fields
        if request.path == "/v2/chat":
            unknown = set(fields) - _CHAT_FIELDS
            if unknown:
                return replies.answer({"message": f"unknown field: parameter {sorted(unknown)[0]!r} is not a valid field"}, status=422)
            return self.next_reply() or (replies.raw_stream(*words(), ending()) if fields.get("stream") else answer())
        return self.next_reply() or _other(request.path, fields)


def _other(path: str, fields: dict[str, Any]) -> Reply:
    if path == "/v2/embed":
        vectors = [[0.5, float(position)] for position, _ in enumerate(fields["texts"])]
        meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 7}}
        return replies.answer(
            {"id": "m1", "embeddings": {"float": vectors}, "texts": fields["texts"], "meta": meta, "response_type": "embeddings_by_type"}
        )
    if path == "/v2/rerank":
        scored = [{"index": position, "relevance_score": 1.0 - position / 10} for position, _ in enumerate(fields["documents"])]
        return replies.answer({"id": "r1", "results": scored[: fields.get("top_n")], "meta": {"billed_units": {"search_units": 1}}})
    return replies.answer({"message": "not found"}, status=404)
