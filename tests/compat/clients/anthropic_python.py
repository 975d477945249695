"""The official Anthropic SDK for Python, validating strictly."""

from __future__ import annotations

import anthropic
from report import BASE, CASES, COLUMN, KEY, MODEL, TAP, TEXT, WEATHER, failures, refusals, same, tried

client = anthropic.Anthropic(base_url=BASE, api_key=KEY, _strict_response_validation=True)
once = client.with_options(max_retries=0)
HELLO = [{"role": "user", "content": "hello"}]
TOOLS = [{"name": "get_weather", "input_schema": WEATHER}]


def text() -> None:
    answer = client.messages.create(model=MODEL, messages=HELLO, max_tokens=100)
    same((answer.content[0].text, answer.usage.input_tokens, answer.usage.output_tokens), (TEXT, 12, 4))


def stream() -> None:
    events = list(client.messages.create(model=MODEL, messages=HELLO, max_tokens=100, stream=True))
    same("".join(event.delta.text for event in events if event.type == "content_block_delta"), TEXT)
    same((events[0].type, events[-1].type), ("message_start", "message_stop"))


def helper(model: str = MODEL, **more: object) -> anthropic.types.Message:
    with once.messages.stream(model=model, messages=HELLO, max_tokens=100, **more) as events:
        for _ in events:
            pass
        return events.get_final_message()


def helped() -> None:
    done = helper()
    same((done.content[0].text, done.stop_reason, done.usage.input_tokens, done.usage.output_tokens), (TEXT, "end_turn", 12, 4))


def tools() -> None:
    said = client.messages.create(model=MODEL, messages=HELLO, max_tokens=100, tools=TOOLS)
    (call,) = [block for block in said.content if block.type == "tool_use"]
    same((call.name, call.input, said.stop_reason), ("get_weather", {"city": "Paris"}, "tool_use"))
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"}
    history = [*HELLO, {"role": "assistant", "content": said.content}, {"role": "user", "content": [result]}]
    same(client.messages.create(model=MODEL, messages=history, max_tokens=100, tools=TOOLS).content[0].text, TEXT)


def tools_streamed() -> None:
    (call,) = [block for block in helper(tools=TOOLS).content if block.type == "tool_use"]
    same((call.name, call.input), ("get_weather", {"city": "Paris"}))


def count() -> None:
    same(client.messages.count_tokens(model=MODEL, messages=HELLO).input_tokens > 0, True)


def models() -> None:
    same(MODEL in {model.id for model in client.models.list()}, True)
    same(client.models.retrieve(MODEL).id, MODEL)


def read(model: str, tokens: int) -> None:
    done = helper(model)
    same((done.content[0].text, done.stop_reason, done.usage.output_tokens), ("Hello world", "end_turn", tokens))


def refused(key: str, model: str) -> object:
    return anthropic.Anthropic(base_url=TAP, api_key=key).messages.create(model=model, messages=HELLO, max_tokens=100)


def told(error: anthropic.APIStatusError) -> tuple[int, str, bool]:
    """Anthropic's envelope knows a type and no code."""
    problem = error.body["error"]
    return error.status_code, problem["type"], bool(problem["message"] and error.request_id == error.body["request_id"])


tried("text", text)
tried("stream", stream)
tried("stream helper", helped)
tried("tools", tools, calls=2)
tried("tools streamed", tools_streamed)
tried("count tokens", count, calls=0)
tried("models", models, calls=0)
refusals(
    "refusals", refused, anthropic.APIStatusError, told, quota=(402, "billing_error", 1), bad_key=(401, "authentication_error", 1),
    disabled_key=(403, "permission_error", 1), model_not_allowed=(403, "permission_error", 1), upstream_500=(502, "api_error", 3),
    upstream_429=(502, "api_error", 3),
)  # fmt: skip
for case in CASES["claude"]:
    if case["answer"]:
        tried("defects", lambda case=case: read(f"compat-{COLUMN}-{case['model']}", case["answer"]), case=case["name"])
failures("failures", helper, anthropic.APIError, "claude")
