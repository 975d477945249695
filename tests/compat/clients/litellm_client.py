"""LiteLLM as a client."""

from __future__ import annotations

import litellm
from report import BASE, KEY, MODEL, TEXT, same, tried

litellm.telemetry = False
HELLO = [{"role": "user", "content": "hello"}]
TARGET = {"model": f"openai/{MODEL}", "api_base": f"{BASE}/v1", "api_key": KEY}


def text() -> None:
    answer = litellm.completion(messages=HELLO, **TARGET)
    same((answer.choices[0].message.content, answer.usage.total_tokens), (TEXT, 16))


def stream() -> None:
    parts = litellm.completion(messages=HELLO, stream=True, **TARGET)
    same("".join(part.choices[0].delta.content or "" for part in parts), TEXT)


tried("text", text)
tried("stream", stream)
