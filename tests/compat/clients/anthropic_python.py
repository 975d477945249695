"""The official Anthropic SDK for Python."""

from __future__ import annotations

import anthropic
from report import BASE, KEY, MODEL, TEXT, same, tried

client = anthropic.Anthropic(base_url=BASE, api_key=KEY)
HELLO = [{"role": "user", "content": "hello"}]


def text() -> None:
    answer = client.messages.create(model=MODEL, messages=HELLO, max_tokens=100)
    same((answer.content[0].text, answer.usage.input_tokens, answer.usage.output_tokens), (TEXT, 12, 4))


def stream() -> None:
    with client.messages.stream(model=MODEL, messages=HELLO, max_tokens=100) as events:
        same("".join(events.text_stream), TEXT)
        same(events.get_final_message().stop_reason, "end_turn")


def count() -> None:
    same(client.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens > 0, True)


def models() -> None:
    same(MODEL in {model.id for model in client.models.list()}, True)


def bad_key() -> None:
    stranger = anthropic.Anthropic(base_url=BASE, api_key="sk-nobody", max_retries=0)
    try:
        stranger.messages.create(model=MODEL, messages=HELLO, max_tokens=100)
    except anthropic.AuthenticationError:
        return
    raise AssertionError("a stranger was let in")


tried("text", text)
tried("stream", stream)
tried("count tokens", count, calls=0)
tried("models", models, calls=0)
tried("bad key", bad_key, calls=0)
