"""The official OpenAI SDK for Python, validating strictly."""

from __future__ import annotations

import openai
from openai.types.chat import ChatCompletion
from report import BASE, KEY, MODEL, TAP, TEXT, WEATHER, failures, refusals, same, streams, tried

client = openai.OpenAI(base_url=f"{BASE}/v1", api_key=KEY, _strict_response_validation=True)
loose = openai.OpenAI(base_url=f"{BASE}/v1", api_key=KEY)  # strictly, it refuses the base64 that it asks for
once = client.with_options(max_retries=0)
HELLO = [{"role": "user", "content": "hello"}]
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]
USAGE = {"include_usage": True}


def text() -> None:
    answer = client.chat.completions.create(model=MODEL, messages=HELLO)
    same((answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens), (TEXT, 12, 4))


def stream() -> None:
    chunks = list(client.chat.completions.create(model=MODEL, messages=HELLO, stream=True))
    same("".join(chunk.choices[0].delta.content or "" for chunk in chunks), TEXT)


def helper(model: str = MODEL, **more: object) -> ChatCompletion:
    with once.chat.completions.stream(model=model, messages=HELLO, stream_options=USAGE, **more) as events:
        try:
            for _ in events:
                pass
            return events.get_final_completion()
        except openai.LengthFinishReasonError as error:  # the helper's own answer to any text cut short
            return error.completion


def helped() -> None:
    done = helper()
    same((done.choices[0].message.content, done.usage.total_tokens), (TEXT, 16))


def tools() -> None:
    message = client.chat.completions.create(model=MODEL, messages=HELLO, tools=TOOLS).choices[0].message
    (call,) = message.tool_calls
    same((call.function.name, call.function.arguments), ("get_weather", '{"city":"Paris"}'))
    result = {"role": "tool", "tool_call_id": call.id, "content": "18 degrees"}
    said = message.model_dump(exclude_none=True)
    answer = client.chat.completions.create(model=MODEL, messages=[*HELLO, said, result], tools=TOOLS)
    same(answer.choices[0].message.content, TEXT)


def tools_streamed() -> None:
    (call,) = helper(tools=TOOLS).choices[0].message.tool_calls
    same((call.id, call.function.name, call.function.arguments), ("call_up", "get_weather", '{"city":"Paris"}'))


def responses() -> None:
    answer = client.responses.create(model=MODEL, input="hello", store=False)
    same((answer.output_text, answer.usage.input_tokens, answer.usage.output_tokens), (TEXT, 12, 4))


def responses_streamed() -> None:
    with client.responses.stream(model=MODEL, input="hello", store=False) as events:
        for _ in events:
            pass
        done = events.get_final_response()
    same((done.output_text, done.usage.total_tokens), (TEXT, 16))


def vectors(model: str) -> None:
    """The SDK asks for base64 by itself and unpacks it; it takes numbers too."""
    answer = loose.embeddings.create(model=model, input=["a", "b"])
    same(([one.embedding for one in answer.data], answer.usage.total_tokens), ([[0.25, -0.5, 1.0]] * 2, 8))


def models() -> None:
    same(MODEL in {model.id for model in client.models.list()}, True)
    same(client.models.retrieve(MODEL).id, MODEL)


def created(model: str) -> tuple[str, list[tuple[str, str, str]], str, int | None]:
    text, finish, tokens, calls = "", "", None, {}
    for chunk in once.chat.completions.create(model=model, messages=HELLO, stream=True, stream_options=USAGE):
        tokens = chunk.usage.total_tokens if chunk.usage else tokens
        for choice in (choice for choice in chunk.choices if choice.index == 0):
            text, finish = text + (choice.delta.content or ""), choice.finish_reason or finish
            for part in choice.delta.tool_calls or ():
                call = calls.setdefault(part.index, [part.id, "", ""])
                call[1] += part.function.name or ""
                call[2] += part.function.arguments or ""
    return text, [tuple(call) for call in calls.values()], finish, tokens


def gathered(model: str) -> tuple[str, list[tuple[str, str, str]], str, int | None]:
    done = helper(model)
    choice = next(choice for choice in done.choices if choice.index == 0)
    calls = [(call.id, call.function.name, call.function.arguments) for call in choice.message.tool_calls or ()]
    return choice.message.content or "", calls, choice.finish_reason, done.usage.total_tokens if done.usage else None


def refused(key: str, model: str) -> object:
    return openai.OpenAI(base_url=f"{TAP}/v1", api_key=key).chat.completions.create(model=model, messages=HELLO)


def told(error: openai.APIStatusError) -> tuple[int, str, bool]:
    return error.status_code, error.code, bool(error.message and error.type and error.request_id)


tried("text", text)
tried("stream", stream)
tried("stream helper", helped)
tried("tools", tools, calls=2)
tried("tools streamed", tools_streamed)
tried("embeddings", lambda: vectors(MODEL), case="base64")
tried("embeddings", lambda: vectors("compat-floats"), case="an upstream that sends numbers")
tried("responses", responses)
tried("responses streamed", responses_streamed)
tried("models", models, calls=0)
refusals("refusals", refused, openai.APIStatusError, told)
streams("defects", created)
failures("failures", created, openai.APIError)
streams("defects, helper", gathered)
