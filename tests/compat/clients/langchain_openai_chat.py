"""LangChain's ChatOpenAI."""

from __future__ import annotations

from langchain_openai import ChatOpenAI
from report import BASE, KEY, MODEL, TEXT, same, tried

chat = ChatOpenAI(model=MODEL, base_url=f"{BASE}/v1", api_key=KEY, stream_usage=True)


def text() -> None:
    answer = chat.invoke("hello")
    same((answer.content, answer.usage_metadata["total_tokens"]), (TEXT, 16))


def stream() -> None:
    parts = list(chat.stream("hello"))
    same("".join(str(part.content) for part in parts), TEXT)
    same(sum((part.usage_metadata or {}).get("total_tokens", 0) for part in parts), 16)


tried("text", text)
tried("stream", stream)
