"""An Azure OpenAI resource: both addresses, deployments, the content filter in its two modes, and its own errors."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from tests.doubles import replies
from tests.doubles.replies import DONE, Reply, chunk, event
from tests.doubles.upstream import Received, Upstream

KEY = "azure-key-0123456789"
DEPLOYMENTS = frozenset({"gpt-35-turbo", "gpt-4.1", "prod-chat"})
_OPERATIONS = "audio/speech|audio/transcriptions|audio/translations|chat/completions|completions|embeddings|images/edits|images/generations"
_DATED = re.compile(rf"/openai/deployments/([^/]+)/({_OPERATIONS})")
_PLAIN = re.compile(rf"/openai/v1/({_OPERATIONS}|responses)")
# The first dated version that knows `stream_options`.
_COUNTS_STREAMS_SINCE = "2024-09-01"

_SAFE = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "sexual", "violence")}
PROMPT_RESULTS = [{"prompt_index": 0, "content_filter_results": {**_SAFE, "jailbreak": {"filtered": False, "detected": False}}}]
ANNOTATIONS = {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": PROMPT_RESULTS, "usage": None}


def error(status: int, code: str, message: str, /, **rest: Any) -> Reply:
    return replies.answer({"error": {"code": code, "message": message, **rest}}, status=status)


def prompt_blocked(where: str = "innererror") -> Reply:
    """Refuse the prompt; the details have stood under different names."""
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True, "severity": "high"}}}
    text = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
    return error(400, "content_filter", text, type=None, param="prompt", status=400, **{where: inner})


def stream(*, texts: tuple[str, ...] = replies.WORDS, usage: dict[str, Any] | None = None) -> Reply:
    """Answer a stream as the filter's default mode writes it: annotations on every chunk, an empty one first."""
    said = [
        {**chunk({"content": text}), "choices": [{**chunk({"content": text})["choices"][0], "content_filter_results": _SAFE}]}
        for text in texts
    ]
    counted = [] if usage is None else [replies.usage_chunk(usage)]
    return _events(ANNOTATIONS, chunk({"role": "assistant", "content": ""}), *said, chunk({}, "stop"), *counted)


def asynchronous(*, texts: tuple[str, ...] = replies.WORDS, verdict: str | None = None, usage: dict[str, Any] | None = None) -> Reply:
    """Answer a stream as the asynchronous filter writes it: annotations trail behind, without a delta, and may condemn late."""
    said = [piece for text in texts for piece in (chunk({"content": text}), annotation())]
    late = [annotation(), *([annotation(verdict)] if verdict else [])]
    counted = [] if usage is None else [replies.usage_chunk(usage)]
    return _events(ANNOTATIONS, chunk({"role": "assistant"}), *said, chunk({}, "stop"), *late, *counted)


def annotation(finish: str | None = None) -> dict[str, Any]:
    choice = {
        "index": 0,
        "finish_reason": finish,
        "content_filter_results": _SAFE,
        "content_filter_offsets": {"check_offset": 44, "start_offset": 44, "end_offset": 198},
    }
    return {"id": "", "object": "", "created": 0, "model": "", "choices": [choice], "usage": None}


def _events(*payloads: object) -> Reply:
    return replies.raw_stream(*map(event, payloads), DONE)


class Azure(Upstream):
    """Answers at `/openai/v1/…` and at `/openai/deployments/…?api-version=…`, with its key in `api-key` or as a bearer token."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reply_to(self, request: Received) -> Reply:
        if KEY not in {request.headers.get("api-key"), request.headers.get("authorization", "").removeprefix("Bearer ")}:
            return error(401, "401", "Access denied due to invalid subscription key or wrong API endpoint.")
        path, _, query = request.path.partition("?")
        version = parse_qs(query).get("api-version", [""])[0]
        fields = request.fields if request.body else {}
        refusal = _misplaced(path, version, fields)
        if refusal is not None:
            return refusal
        asks = (fields.get("stream_options") or {}).get("include_usage")
        if not fields.get("stream"):
            return self.next_reply() or replies.answer({**replies.completion(), "prompt_filter_results": PROMPT_RESULTS})
        return self.next_reply() or stream(usage=replies.USAGE if asks else None)


def _misplaced(path: str, version: str, fields: dict[str, Any]) -> Reply | None:
    dated, plain = _DATED.fullmatch(path), _PLAIN.fullmatch(path)
    if dated is None and plain is None:
        return replies.answer({"error": {"code": "404", "message": "Resource not found"}}, status=404)
    if dated is not None and not re.fullmatch(r"20\d\d-\d\d-\d\d(-preview)?", version):
        return replies.answer({"error": {"code": "404", "message": "Resource not found"}}, status=404)
    if (dated[1] if dated else fields.get("model")) not in DEPLOYMENTS:
        return error(404, "DeploymentNotFound", "The API deployment for this resource does not exist.")
    is_old = dated is not None and version < _COUNTS_STREAMS_SINCE
    if "stream_options" in fields and (is_old or "data_sources" in fields):
        return error(400, "BadRequest", "Unrecognized request argument supplied: stream_options", type="invalid_request_error", param=None)
    return None
