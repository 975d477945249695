"""Anthropic's protocol as clients speak it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app.contract import Call
from channels_app.deltas import Delta
from channels_app.dialects.anthropic import understand, writer
from channels_app.faces import Client, Heard, Problem

_LEAST_BUDGET = 1024
_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error", 404: "not_found_error",
    405: "invalid_request_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip


class AnthropicClient(Client):
    """Clients speak Messages."""

    name = "anthropic"

    def hear(self, heard: Heard) -> Call:
        heard.check(heard.fields, lists=("messages",), counts=("max_tokens",))
        return heard.call(self.name, self.understand, model=heard.named("model"), is_stream=heard.flag("stream"))

    def understand(self, call: Call) -> Mapping[str, Any]:
        return understand.understand(call.fields)

    def output_limit(self, call: Call) -> int | None:
        limit = call.fields.get("max_tokens")
        return limit if isinstance(limit, int) else None

    def limited(self, call: Call, tokens: int) -> Mapping[str, Any]:
        """Set the limit, and a budget of thoughts below it: a budget that does not fit any more is switched off."""
        made = {**call.fields, "max_tokens": tokens}
        thinking = call.fields.get("thinking")
        if isinstance(thinking, dict) and isinstance(thinking.get("budget_tokens"), int) and thinking["budget_tokens"] >= tokens:
            fits = tokens > _LEAST_BUDGET
            made["thinking"] = {**thinking, "budget_tokens": tokens - 1} if fits else {"type": "disabled"}
        return made

    def writer(self, call: Call, *, request_id: str, created: int) -> writer.AnthropicWriter:
        return writer.AnthropicWriter(call, request_id=request_id)

    def whole(self, call: Call, deltas: Sequence[Delta], *, request_id: str, created: int) -> bytes:
        return writer.message(call, deltas, request_id=request_id)

    def status(self, problem: Problem) -> int:
        """Return 402 for missing money, which clients do not try again, and 529 where nobody can answer now."""
        if problem.code == "insufficient_quota":
            return 402
        return {503: 529}.get(problem.status, problem.status)

    def heartbeat(self, call: Call) -> bytes:
        return writer.PING

    def problem(self, problem: Problem) -> bytes:
        message = problem.message if not problem.param else f"{problem.param}: {problem.message}"
        error = {"type": _TYPES.get(self.status(problem), "api_error"), "message": message, **problem.details}
        return orjson.dumps({"type": "error", "error": error, "request_id": problem.request_id or None})

    def problem_frames(self, problem: Problem, *, form: str, has_begun: bool) -> bytes:
        return b"event: error\ndata: " + self.problem(problem) + b"\n\n"
