"""LangChain's ChatOpenAI and OpenAIEmbeddings."""

from __future__ import annotations

import openai
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from report import BASE, KEY, MODEL, TAP, TEXT, WEATHER, failures, refusals, same, streams, tried

PLACE = {"base_url": f"{BASE}/v1", "api_key": KEY}
chat = ChatOpenAI(model=MODEL, stream_usage=True, **PLACE)
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "weather", "parameters": WEATHER}}]


def text() -> None:
    answer = chat.invoke("hello")
    same((answer.content, answer.usage_metadata["total_tokens"]), (TEXT, 16))


def stream() -> None:
    parts = list(chat.stream("hello"))
    same("".join(str(part.content) for part in parts), TEXT)
    same(sum((part.usage_metadata or {}).get("total_tokens", 0) for part in parts), 16)


def tools() -> None:
    bound = chat.bind_tools(TOOLS)
    said = bound.invoke([HumanMessage("hello")])
    (call,) = said.tool_calls
    same((call["name"], call["args"]), ("get_weather", {"city": "Paris"}))
    answer = bound.invoke([HumanMessage("hello"), said, ToolMessage("18 degrees", tool_call_id=call["id"])])
    same(answer.content, TEXT)


def whole(model: str, **more: object) -> AIMessageChunk:
    source = ChatOpenAI(model=model, stream_usage=True, max_retries=0, **PLACE)
    parts = list((source.bind_tools(TOOLS) if more else source).stream("hello"))
    return sum(parts[1:], parts[0])


def tools_streamed() -> None:
    (call,) = whole(MODEL, tools=True).tool_calls
    same((call["name"], call["args"]), ("get_weather", {"city": "Paris"}))


def vectors() -> None:
    """It sends tokens, unless told not to look at them."""
    source = OpenAIEmbeddings(model=MODEL, check_embedding_ctx_length=False, **PLACE)
    same(source.embed_documents(["a", "b"]), [[0.25, -0.5, 1.0]] * 2)


def read(model: str) -> tuple[str, list[tuple[str, str, str]], str, int | None]:
    done = whole(model)
    calls = [(call["id"], call["name"], call["args"]) for call in done.tool_call_chunks]
    return str(done.content), calls, done.response_metadata["finish_reason"], (done.usage_metadata or {}).get("total_tokens")


def refused(key: str, model: str) -> object:
    return ChatOpenAI(model=model, base_url=f"{TAP}/v1", api_key=key).invoke("hello")


def told(error: openai.APIStatusError) -> tuple[int, str, bool]:
    return error.status_code, error.code, bool(error.message and error.type and error.request_id)


tried("text", text)
tried("stream", stream)
tried("tools", tools, calls=2)
tried("tools streamed", tools_streamed)
tried("embeddings", vectors)
refusals("refusals", refused, openai.APIStatusError, told)
streams("defects", read, beside=("second choice first", "two choices in one chunk"))  # it joins the choices of a stream
failures("failures", read, openai.APIError)
