"""Gemini's protocol as clients speak it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app.contract import Call
from channels_app.deltas import Delta
from channels_app.dialects.gemini import framing, understand, writer
from channels_app.dialects.gemini.fields import config_of, setting
from channels_app.faces import EVENT_STREAM, Client, Heard, Problem, Unexpressible

_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 402: "FAILED_PRECONDITION", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    405: "INVALID_ARGUMENT", 409: "ABORTED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 501: "UNIMPLEMENTED",
    502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
_STREAM = "streamGenerateContent"


class GeminiClient(Client):
    """Clients speak generateContent; model and action stand in the address."""

    name = "gemini"

    def hear(self, heard: Heard) -> Call:
        if not isinstance(heard.fields.get("contents"), list | dict | str):
            raise Unexpressible("contents must be a list.", field="contents")
        _, limit = setting(heard.fields, "maxOutputTokens", "max_output_tokens")
        _, choices = setting(heard.fields, "candidateCount", "candidate_count")
        given = {"generationConfig.maxOutputTokens": limit, "generationConfig.candidateCount": choices}
        heard.check(given, counts=tuple(given))
        return heard.call(self.name, self.understand, model=heard.named("model"), is_stream=heard.action == _STREAM)

    def understand(self, call: Call) -> Mapping[str, Any]:
        return understand.understand(call.model, call.fields)

    def output_limit(self, call: Call) -> int | None:
        _, limit = setting(call.fields, "maxOutputTokens", "max_output_tokens")
        return limit if isinstance(limit, int) else None

    def limited(self, call: Call, tokens: int) -> Mapping[str, Any]:
        """Set the limit, and a budget of thoughts below it."""
        name, config = config_of(call.fields)
        limit, _ = setting(call.fields, "maxOutputTokens", "max_output_tokens")
        made = {**config, limit: tokens}
        thinking_name, thinking = setting(call.fields, "thinkingConfig", "thinking_config")
        budget = "thinking_budget" if isinstance(thinking, dict) and "thinking_budget" in thinking else "thinkingBudget"
        if isinstance(thinking, dict) and isinstance(thinking.get(budget), int) and thinking[budget] >= tokens:
            made[thinking_name] = {**thinking, budget: tokens // 2}
        return {**call.fields, name: made}

    def choices(self, call: Call) -> int:
        _, count = setting(call.fields, "candidateCount", "candidate_count")
        return count if isinstance(count, int) else 1

    def writer(self, call: Call, *, request_id: str, created: int) -> writer.GeminiWriter:
        return writer.GeminiWriter(call, request_id=request_id)

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        return writer.response(call, deltas, request_id=request_id)

    def problem(self, problem: Problem) -> bytes:
        """Return google.rpc's envelope: `error` comes first, by which clients know it in a stream."""
        message = problem.message if not problem.param else f"{problem.param}: {problem.message}"
        info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": (problem.code or problem.type).upper(), "domain": "keyosk"}
        details = {str(name): str(value) for name, value in problem.details.items()}
        metadata = {"metadata": details | ({"requestId": problem.request_id} if problem.request_id else {})}
        status = _STATUSES.get(problem.status, "UNKNOWN")
        return orjson.dumps({"error": {"code": problem.status, "message": message, "status": status, "details": [{**info, **metadata}]}})

    def problem_frames(self, problem: Problem, *, form: str, has_begun: bool) -> bytes:
        return framing.error_frames(self.problem(problem), form, has_begun=has_begun)

    def stream_type(self, call: Call) -> str:
        return "application/json" if call.form == framing.ARRAY else EVENT_STREAM

    def heartbeat(self, call: Call) -> bytes:
        return framing.BLANK

    def has_comments(self, call: Call) -> bool:
        """Return no: comments are white space to the standard, and broken JSON to Google's own SDK."""
        return False
