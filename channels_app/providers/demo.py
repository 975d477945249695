"""An upstream that needs no network: it answers in this process, token by token, always the same to the same prompt."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from channels_app.contract import ChannelFacts, ChannelKey, UpstreamRequest
from channels_app.provider import Field, Provider, gettext_noop

_WORDS = re.compile(r"\s*\S+")
_CREATED = 1_700_000_000


class Demo(Provider):
    slug = "demo"
    label = "Demo (answers locally)"
    base_url = "http://demo.invalid/v1"
    fields = (Field("delay_ms", gettext_noop("Pause between tokens, in milliseconds"), default="20"),)
    default_models = ("demo-chat",)
    needs_key = False
    is_local = True

    def authorize(self, channel: ChannelFacts, key: ChannelKey) -> tuple[tuple[str, str], ...]:
        return (("x-demo-delay-ms", str(channel.options.get("delay_ms", "20"))),)

    def answer(self, request: UpstreamRequest) -> Iterator[bytes | float]:
        """Yield a completion, streamed or not, and the pauses between its tokens."""
        fields: Mapping[str, Any] = orjson.loads(request.body)
        pause = _number(dict(request.headers).get("x-demo-delay-ms"), 20) / 1000
        prompt = _prompt(fields)
        words = _WORDS.findall(_reply(prompt))
        limit = fields.get("max_completion_tokens") or fields.get("max_tokens")
        shown = words[:limit] if isinstance(limit, int) and limit > 0 else words
        finish = "stop" if len(shown) == len(words) else "length"
        spent = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(shown)}
        usage = {**spent, "total_tokens": sum(spent.values())}
        head = {
            "id": "chatcmpl-demo-" + hashlib.sha256(request.body).hexdigest()[:24],
            "created": _CREATED,
            "model": fields.get("model"),
        }
        if fields.get("stream"):
            yield from _stream(head, shown, finish, usage, pause)
        else:
            yield pause * len(shown)
            message = {"role": "assistant", "content": "".join(shown), "refusal": None}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
            yield orjson.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage})


def _stream(head: dict[str, Any], words: list[str], finish: str, usage: dict[str, int], pause: float) -> Iterator[bytes | float]:
    yield _event(head, [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    for word in words:
        yield pause
        yield _event(head, [{"index": 0, "delta": {"content": word}, "finish_reason": None}])
    yield _event(head, [{"index": 0, "delta": {}, "finish_reason": finish}])
    yield _event(head, [], usage=usage) + b"data: [DONE]\n\n"


def _event(head: dict[str, Any], choices: list[dict[str, Any]], **rest: Any) -> bytes:
    return b"data: " + orjson.dumps({**head, "object": "chat.completion.chunk", "choices": choices, **rest}) + b"\n\n"


def _number(text: str | None, default: float) -> float:
    try:
        return min(10_000.0, max(0.0, float(text or default)))
    except ValueError:
        return default


def _prompt(fields: Mapping[str, Any]) -> str:
    """Return the text of the last message of a user."""
    for message in reversed(fields.get("messages") or []):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            parts = content if isinstance(content, list) else []
            return " ".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
    return ""


def _reply(prompt: str) -> str:
    words = prompt.split()
    quoted = " ".join(words[:12])[:200]
    more = "…" if len(words) > 12 else ""
    return (
        f"This is the demo model. You said: “{quoted}{more}” – {len(words)} words, {len(prompt)} characters. "
        "Everything around this answer is real: the key, the price, the reservation and the line in your statement. "
        "Add a channel with an upstream of your own to hear from a real model."
    )
