"""Vendors that speak like OpenAI, each with its own refusals: DeepSeek, Moonshot, Ark, MiniMax, SiliconFlow, StepFun, 360, …"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from tests.doubles import replies
from tests.doubles.china.vendor import Vendor, path_of
from tests.doubles.replies import Reply
from tests.doubles.upstream import Received

KEY = "sk-0123456789abcdef"
Check = Callable[[Mapping[str, Any], str], Reply | None]


class LikeOpenAI(Vendor):
    """One vendor below `prefix`; `rules` look at the fields and the path of a chat."""

    def __init__(
        self, prefix: str = "/v1", *, rules: Check | None = None, pages: Mapping[str, object] | None = None, **options: Any
    ) -> None:
        super().__init__(**options)
        self.prefix = prefix
        self._rules = rules
        self._pages = dict(pages or {})

    def check(self, request: Received) -> Reply | None:
        path = path_of(request)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return replies.error(401, "invalid_api_key", "Invalid key")
        if path in self._pages:
            return None
        if not path.startswith(f"{self.prefix}/"):
            return replies.answer({"error": {"message": f"no such path {path}", "type": "invalid_request_error"}}, status=404)
        return self._rules(request.fields, path) if self._rules else None

    def answer(self, request: Received) -> Reply:
        path = path_of(request)
        if path in self._pages:
            return replies.answer(self._pages[path])
        if path.endswith("/embeddings"):
            return replies.answer(
                {"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}], "usage": replies.USAGE}
            )
        return replies.stream() if request.fields.get("stream") else replies.answer()


def bad_request(message: str, *, code: str = "invalid_request_error", status: int = 400) -> Reply:
    return replies.error(status, code, message)


def deepseek_rules(fields: Mapping[str, Any], path: str) -> Reply | None:
    """Thinking models demand to see their reasoning again; the older reasoner refuses it; only functions are tools."""
    said = [message for message in fields["messages"] if message["role"] == "assistant"]
    if fields["model"] == "deepseek-v4-pro" and any("reasoning_content" not in message for message in said):
        return bad_request("The `reasoning_content` in the thinking mode must be passed back to the API.")
    if fields["model"] == "deepseek-reasoner" and any("reasoning_content" in message for message in said):
        return bad_request("The `reasoning_content` is not supported in the input messages.")
    return bad_request("tools of type function only") if any(tool["type"] != "function" for tool in fields.get("tools", ())) else None


def moonshot_rules(fields: Mapping[str, Any], path: str) -> Reply | None:
    """Reasoning models take temperature 1 alone; nothing takes `functions`, a required tool or parts of text alone."""
    is_reasoning = fields["model"].startswith("kimi-k2.5")
    temperature = fields.get("temperature", 1)
    if is_reasoning and temperature != 1:
        return bad_request("invalid temperature: only 1 is allowed for this model")
    if not 0 <= temperature <= 1 or (fields.get("n", 1) > 1 and temperature < 0.3):
        return bad_request("invalid temperature")
    if {"functions", "function_call", "max_completion_tokens"} & fields.keys() or fields.get("tool_choice") == "required":
        return bad_request("unknown field")
    for message in fields["messages"]:
        if is_reasoning and message.get("tool_calls") and not message.get("reasoning_content"):
            return bad_request("thinking is enabled but reasoning_content is missing in assistant tool call message")
        if not is_reasoning and isinstance(message["content"], list) and all(part["type"] == "text" for part in message["content"]):
            return bad_request("content must be a string")
    return None


def ark_rules(fields: Mapping[str, Any], path: str) -> Reply | None:
    is_bot = str(fields.get("model")).startswith("bot")
    if is_bot != path.startswith("/api/v3/bots/"):
        told = "The model or endpoint does not exist or you do not have access to it."
        return replies.error(404, "InvalidEndpointOrModel.NotFound", told, kind="NotFound")
    return None


def minimax_rules(fields: Mapping[str, Any], path: str) -> Reply | None:
    if not 0 < fields.get("temperature", 1) <= 1 or not 0 < fields.get("top_p", 1) <= 1:
        return base_resp(2013, "invalid params, temperature or top_p")
    return base_resp(2013, "invalid params, max_tokens") if path.endswith("_v2") and fields.get("max_tokens", 1) > 2048 else None


def base_resp(code: int, message: str) -> Reply:
    """Answer an error as MiniMax does: with status 200, and choices that are null."""
    return replies.answer({"id": "m", "choices": None, "base_resp": {"status_code": code, "status_msg": message}})


def minimax_stream(code: int = 0, message: str = "") -> Reply:
    """Tell a stream as MiniMax does: the last event repeats the whole message beside nothing new, and says how it went."""
    whole = {"role": "assistant", "content": "".join(replies.WORDS)}
    last = {
        "id": "m",
        "object": "chat.completion",
        "created": 1_700_000_001,
        "model": "up-1",
        "choices": [{"index": 0, "finish_reason": "stop", "message": whole}],
        "usage": {**replies.USAGE, "total_characters": 0},
        "base_resp": {"status_code": code, "status_msg": message},
    }
    words = [replies.event(replies.chunk({"role": "assistant", "content": word})) for word in replies.WORDS]
    return replies.raw_stream(*words, b"data: " + orjson.dumps(last) + b"\n\n", replies.DONE)
