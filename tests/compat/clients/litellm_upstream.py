"""A LiteLLM proxy as Keyosk's upstream, as `deploy/` sets it up, asked by the OpenAI SDK: Claude on Amazon Bedrock is behind it."""

from __future__ import annotations

import openai
from report import BASE, KEY, TEXT, WEATHER, same, tried

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key=KEY, max_retries=0)
MODEL = "compat-bedrock-claude-haiku"
HELLO = [{"role": "user", "content": "hello"}]
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "weather", "parameters": WEATHER}}]


def text() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=100)
    same((answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens), (TEXT, 12, 4))


def stream() -> None:
    parts = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True, stream_options={"include_usage": True}))
    same("".join(choice.delta.content or "" for part in parts for choice in part.choices), TEXT)
    same(parts[-1].usage.total_tokens, 16)


def with_tools() -> None:
    """Tools reach Bedrock in its own words; the double checks them against Amazon's model of the service."""
    answer = client.chat.completions.create(model=MODEL, messages=HELLO, tools=TOOLS, max_tokens=100)
    same(answer.choices[0].message.content, TEXT)


tried("text", text)
tried("stream", stream)
tried("tools", with_tools)
