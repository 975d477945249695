"""The official OpenAI SDK for Python, validating strictly."""

from __future__ import annotations

import openai
from report import BASE, KEY, MODEL, TEXT, same, tried

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key=KEY, _strict_response_validation=True)
HELLO = [{"role": "user", "content": "hello"}]


def text() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO)
    same((answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens), (TEXT, 12, 4))


def stream() -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
    same("".join(chunk.choices[0].delta.content or "" for chunk in chunks), TEXT)


def helper() -> None:
    with client.chat.completions.stream(model=MODEL, messages=HELLO, stream_options={"include_usage": True}) as events:
        for _ in events:
            pass
        done = events.get_final_completion()
    same((done.choices[0].message.content, done.usage.total_tokens), (TEXT, 16))


def responses() -> None:
    answer = client.responses.create(model=MODEL, input="hello", store=False)
    same((answer.output_text, answer.usage.input_tokens, answer.usage.output_tokens), (TEXT, 12, 4))


def models() -> None:
    same(MODEL in {model.id for model in client.models.list()}, True)


def bad_key() -> None:
    stranger = openai.OpenAI(base_url=f"{BASE}/v1", api_key="sk-nobody", max_retries=0)
    try:
        stranger.chat.completions.create(model=MODEL, messages=HELLO)
    except openai.AuthenticationError as error:
        same((error.code, bool(error.request_id)), ("invalid_api_key", True))
    else:
        raise AssertionError("a stranger was let in")


tried("text", text)
tried("stream", stream)
tried("stream helper", helper)
tried("responses", responses)
tried("models", models, calls=0)
tried("bad key", bad_key, calls=0)
