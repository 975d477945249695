"""How the clients and the upstreams of each wire protocol speak, for the matrix of every client by every upstream.

A client's tongue makes a body for a case and reads what it is answered; an upstream's makes its own answers for a case and
reads what it is asked. A new protocol adds a row to UPSTREAMS (and to CLIENTS, where clients speak it) and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tests.doubles.speech import anthropic_message, events, named

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
QUESTION = "What is the weather in Paris?"
CITY = {"city": "Paris"}
WEATHER = "18 degrees"
TEXT = "It is mild."
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@dataclass(frozen=True)
class Heard:
    """What one side understood: texts joined, the last tool call as (name, arguments), how it ended, tokens in and out."""

    text: str = ""
    tool: tuple[str, Any] | None = None
    tool_id: str = ""
    finish: str = ""
    tokens: tuple[int, int] = (0, 0)
    error: str = ""


@dataclass(frozen=True)
class Client:
    """`ask` makes a body: (case, streamed, id of the earlier tool call) → fields. `read` and `read_stream` give what was heard."""

    ask: Callable[[str, bool, str], dict[str, Any]]
    read: Callable[[bytes], Heard]
    read_stream: Callable[[bytes], Heard]


@dataclass(frozen=True)
class Upstream:
    """`answer` and `stream` give the bytes for `text` or `tool`; `error` a body to a 400; `asked` what a request holds."""

    provider: str
    answer: Callable[[str], bytes]
    stream: Callable[[str], bytes]
    error: bytes
    asked: Callable[[dict[str, Any]], set[str]]
    model: str = "up"


def found(fields: Mapping[str, Any]) -> set[str]:
    """Return which of the things the matrix asks about stand anywhere in a request."""
    raw = orjson.dumps(fields).decode()
    marks = {"question": QUESTION, "image": PIXEL, "tool": "get_weather", "result": WEATHER, "city": "Paris"}
    return {name for name, mark in marks.items() if mark in raw}


# --- OpenAI


def openai_ask(case: str, is_stream: bool, tool_id: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": QUESTION}]
    if case == "image":
        parts.append({"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}})
    messages: list[dict[str, Any]] = [{"role": "user", "content": parts if case == "image" else QUESTION}]
    fields: dict[str, Any] = {"model": "m", "messages": messages, "max_tokens": 1000}
    if case in {"tool", "result"}:
        fields["tools"] = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS}}]
    if case == "result":
        call = {"id": tool_id, "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": tool_id, "content": WEATHER},
        ]
    return {**fields, "stream": True, "stream_options": {"include_usage": True}} if is_stream else fields


def openai_read(raw: bytes) -> Heard:
    found = orjson.loads(raw)
    if "error" in found:
        return Heard(error=found["error"]["message"])
    message = found["choices"][0]["message"]
    calls = message.get("tool_calls") or []
    tool = (calls[0]["function"]["name"], orjson.loads(calls[0]["function"]["arguments"])) if calls else None
    usage = found["usage"]
    tokens = (usage["prompt_tokens"], usage["completion_tokens"])
    return Heard(message.get("content") or "", tool, calls[0]["id"] if calls else "", found["choices"][0]["finish_reason"], tokens)


def openai_read_stream(raw: bytes) -> Heard:
    text, name, identity, arguments, finish, tokens = "", "", "", "", "", (0, 0)
    for _, chunk in events(raw.replace(b"data: [DONE]\n\n", b"")):
        if chunk.get("usage"):
            tokens = (chunk["usage"]["prompt_tokens"], chunk["usage"]["completion_tokens"])
        for choice in chunk["choices"]:
            text += choice["delta"].get("content") or ""
            finish = choice["finish_reason"] or finish
            for call in choice["delta"].get("tool_calls") or ():
                identity, name = call.get("id") or identity, call["function"].get("name") or name
                arguments += call["function"]["arguments"]
    assert raw.endswith(b"data: [DONE]\n\n")
    return Heard(text, (name, orjson.loads(arguments)) if name else None, identity, finish, tokens)


_OPENAI_USAGE = {"prompt_tokens": 20, "completion_tokens": 7, "total_tokens": 27}


def _openai_message(case: str) -> dict[str, Any]:
    if case == "text":
        return {"role": "assistant", "content": TEXT}
    call = {"id": "call_up", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def openai_answer(case: str) -> bytes:
    choice = {"index": 0, "message": _openai_message(case), "finish_reason": "stop" if case == "text" else "tool_calls"}
    return orjson.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "up", "choices": [choice], "usage": _OPENAI_USAGE})


def openai_stream(case: str) -> bytes:
    message = _openai_message(case)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if case == "text":
        deltas += [{"content": TEXT[:4]}, {"content": TEXT[4:]}]
    else:
        call = message["tool_calls"][0]
        deltas += [{"tool_calls": [{**call, "index": 0, "function": {**call["function"], "arguments": ""}}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in ('{"city":', '"Paris"}')]
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "up"}
    chunks = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop" if case == "text" else "tool_calls"}]})
    chunks.append({**head, "choices": [], "usage": _OPENAI_USAGE})
    return b"".join(b"data: " + orjson.dumps(one) + b"\n\n" for one in chunks) + b"data: [DONE]\n\n"


# --- Anthropic


def anthropic_ask(case: str, is_stream: bool, tool_id: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": QUESTION}]
    if case == "image":
        parts.append({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}})
    messages: list[dict[str, Any]] = [{"role": "user", "content": parts}]
    fields: dict[str, Any] = {"model": "m", "messages": messages, "max_tokens": 1000, "stream": is_stream}
    if case in {"tool", "result"}:
        fields["tools"] = [{"name": "get_weather", "input_schema": PARAMETERS}]
    if case == "result":
        use = {"type": "tool_use", "id": tool_id, "name": "get_weather", "input": CITY}
        result = {"type": "tool_result", "tool_use_id": tool_id, "content": WEATHER}
        messages += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    return fields


_ANTHROPIC_REASONS = {"end_turn": "stop", "tool_use": "tool_calls"}


def anthropic_read(raw: bytes) -> Heard:
    found = orjson.loads(raw)
    if found["type"] == "error":
        return Heard(error=found["error"]["message"])
    text = "".join(block["text"] for block in found["content"] if block["type"] == "text")
    uses = [block for block in found["content"] if block["type"] == "tool_use"]
    tool = (uses[0]["name"], uses[0]["input"]) if uses else None
    tokens = (found["usage"]["input_tokens"], found["usage"]["output_tokens"])
    return Heard(text, tool, uses[0]["id"] if uses else "", _ANTHROPIC_REASONS[found["stop_reason"]], tokens)


def anthropic_read_stream(raw: bytes) -> Heard:
    blocks: dict[int, dict[str, Any]] = {}
    texts: dict[int, str] = {}
    reason, usage = "", {"input_tokens": 0, "output_tokens": 0}
    names = [name for name, _ in events(raw)]
    assert (names[0], names[-1]) == ("message_start", "message_stop")
    for name, payload in events(raw):
        if name == "message_start":
            usage = {**usage, **payload["message"]["usage"]}
        elif name == "content_block_start":
            blocks[payload["index"]], texts[payload["index"]] = payload["content_block"], ""
        elif name == "content_block_delta":
            texts[payload["index"]] += payload["delta"].get("text") or payload["delta"].get("partial_json") or ""
        elif name == "message_delta":
            reason, usage = payload["delta"]["stop_reason"], {**usage, **payload["usage"]}
    text = "".join(texts[index] for index, block in blocks.items() if block["type"] == "text")
    uses = [(index, block) for index, block in blocks.items() if block["type"] == "tool_use"]
    tool = (uses[0][1]["name"], orjson.loads(texts[uses[0][0]])) if uses else None
    tokens = (usage["input_tokens"], usage["output_tokens"])
    return Heard(text, tool, uses[0][1]["id"] if uses else "", _ANTHROPIC_REASONS[reason], tokens)


_ANTHROPIC_USAGE = {"input_tokens": 20, "output_tokens": 7}


def _anthropic_block(case: str) -> dict[str, Any]:
    return (
        {"type": "text", "text": TEXT} if case == "text" else {"type": "tool_use", "id": "toolu_up", "name": "get_weather", "input": CITY}
    )


def anthropic_answer(case: str) -> bytes:
    reason = "end_turn" if case == "text" else "tool_use"
    return orjson.dumps(anthropic_message(usage=_ANTHROPIC_USAGE, content=[_anthropic_block(case)], stop_reason=reason))


def anthropic_stream(case: str) -> bytes:
    block = _anthropic_block(case)
    first: dict[str, Any] = {**block, "text": ""} if case == "text" else {**block, "input": {}}
    parts = [{"type": "text_delta", "text": TEXT}] if case == "text" else []
    parts += [] if case == "text" else [{"type": "input_json_delta", "partial_json": part} for part in ('{"city":', '"Paris"}')]
    message = anthropic_message(content=[], stop_reason=None, usage={"input_tokens": 20, "output_tokens": 1})
    return named(
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": first},
        *({"type": "content_block_delta", "index": 0, "delta": part} for part in parts),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn" if case == "text" else "tool_use"}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    )


# --- Gemini


def gemini_ask(case: str, is_stream: bool, tool_id: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": QUESTION}]
    if case == "image":
        parts.append({"inlineData": {"mimeType": "image/png", "data": PIXEL}})
    contents: list[dict[str, Any]] = [{"role": "user", "parts": parts}]
    fields: dict[str, Any] = {"contents": contents, "generationConfig": {"maxOutputTokens": 1000}}
    if case in {"tool", "result"}:
        fields["tools"] = [{"functionDeclarations": [{"name": "get_weather", "parametersJsonSchema": PARAMETERS}]}]
    if case == "result":
        contents.append({"role": "model", "parts": [{"functionCall": {"id": tool_id, "name": "get_weather", "args": CITY}}]})
        contents.append(
            {"role": "user", "parts": [{"functionResponse": {"id": tool_id, "name": "get_weather", "response": {"result": WEATHER}}}]}
        )
    return fields


def _gemini_heard(chunks: list[dict[str, Any]]) -> Heard:
    text, tool, identity, finish, tokens = "", None, "", "", (0, 0)
    for chunk in chunks:
        if "error" in chunk:
            return Heard(error=chunk["error"]["message"])
        for candidate in chunk.get("candidates") or ():
            finish = candidate.get("finishReason") or finish
            for part in candidate["content"]["parts"]:
                text += part.get("text") or ""
                if "functionCall" in part:
                    tool, identity = (part["functionCall"]["name"], part["functionCall"]["args"]), part["functionCall"].get("id") or ""
        usage = chunk.get("usageMetadata") or {}
        tokens = (usage.get("promptTokenCount", tokens[0]), usage.get("candidatesTokenCount", tokens[1]))
    reason = "tool_calls" if tool else {"STOP": "stop"}.get(finish, finish)
    assert finish == "STOP"
    return Heard(text, tool, identity, reason, tokens)


def gemini_read(raw: bytes) -> Heard:
    return _gemini_heard([orjson.loads(raw)])


def gemini_read_stream(raw: bytes) -> Heard:
    return _gemini_heard([payload for _, payload in events(raw.replace(b"\r\n", b"\n"))])


_GEMINI_USAGE = {"promptTokenCount": 20, "candidatesTokenCount": 7, "totalTokenCount": 27}


def _gemini_part(case: str) -> dict[str, Any]:
    return {"text": TEXT} if case == "text" else {"functionCall": {"name": "get_weather", "args": CITY}, "thoughtSignature": "Cg=="}


def gemini_answer(case: str) -> bytes:
    candidate = {"content": {"role": "model", "parts": [_gemini_part(case)]}, "finishReason": "STOP", "index": 0}
    return orjson.dumps({"candidates": [candidate], "usageMetadata": _GEMINI_USAGE, "modelVersion": "up", "responseId": "r1"})


def gemini_stream(case: str) -> bytes:
    first = {"candidates": [{"content": {"role": "model", "parts": [_gemini_part(case)]}, "index": 0}], "modelVersion": "up"}
    empty = {"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": "STOP", "index": 0}
    last = {"candidates": [empty], "usageMetadata": _GEMINI_USAGE, "modelVersion": "up", "responseId": "r1"}
    return b"".join(b"data: " + orjson.dumps(one) + b"\r\n\r\n" for one in (first, last))


# --- Responses


def responses_ask(case: str, is_stream: bool, tool_id: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"type": "input_text", "text": QUESTION}]
    if case == "image":
        parts.append({"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}", "detail": "auto"})
    items: list[dict[str, Any]] = [{"type": "message", "role": "user", "content": parts}]
    fields: dict[str, Any] = {"model": "m", "input": items, "max_output_tokens": 1000, "store": False, "stream": is_stream}
    if case in {"tool", "result"}:
        fields["tools"] = [{"type": "function", "name": "get_weather", "parameters": PARAMETERS, "strict": False}]
    if case == "result":
        items.append({"type": "function_call", "call_id": tool_id, "name": "get_weather", "arguments": '{"city":"Paris"}'})
        items.append({"type": "function_call_output", "call_id": tool_id, "output": WEATHER})
    return fields


def responses_read(raw: bytes) -> Heard:
    found = orjson.loads(raw)
    if found.get("error"):
        return Heard(error=found["error"]["message"])
    text = "".join(part["text"] for item in found["output"] if item["type"] == "message" for part in item["content"])
    calls = [item for item in found["output"] if item["type"] == "function_call"]
    tool = (calls[0]["name"], orjson.loads(calls[0]["arguments"])) if calls else None
    assert found["status"] == "completed"
    tokens = (found["usage"]["input_tokens"], found["usage"]["output_tokens"])
    return Heard(text, tool, calls[0]["call_id"] if calls else "", "tool_calls" if calls else "stop", tokens)


def responses_read_stream(raw: bytes) -> Heard:
    told = events(raw)
    numbers = [payload["sequence_number"] for _, payload in told]
    assert numbers == list(range(len(told)))
    assert (told[0][0], told[-1][0]) == ("response.created", "response.completed")
    heard = responses_read(orjson.dumps(told[-1][1]["response"]))
    assert "".join(payload["delta"] for name, payload in told if name == "response.output_text.delta") == heard.text
    return heard


_RESPONSES_USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 27,
}


def _responses_item(case: str) -> dict[str, Any]:
    if case == "text":
        part = {"type": "output_text", "text": TEXT, "annotations": []}
        return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    return {"type": "function_call", "id": "fc_1", "call_id": "call_up", "name": "get_weather", "arguments": '{"city":"Paris"}'}


def _response(case: str) -> dict[str, Any]:
    whole = {"id": "resp_1", "object": "response", "status": "completed", "model": "up", "output": [_responses_item(case)]}
    return {**whole, "usage": _RESPONSES_USAGE}


def responses_answer(case: str) -> bytes:
    return orjson.dumps(_response(case))


def responses_stream(case: str) -> bytes:
    item = _responses_item(case)
    blank: dict[str, Any] = {**item, "content": []} if case == "text" else {**item, "arguments": ""}
    word = "output_text" if case == "text" else "function_call_arguments"
    whole = TEXT if case == "text" else item["arguments"]
    told: list[dict[str, Any]] = [
        {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "model": "up", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": blank},
        *({"type": f"response.{word}.delta", "item_id": item["id"], "output_index": 0, "delta": part} for part in (whole[:4], whole[4:])),
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": _response(case)},
    ]
    return named(*({**one, "sequence_number": number} for number, one in enumerate(told)))


_COMPLAINT = "max_tokens is too large for this model"
CLIENTS = {
    "openai": Client(openai_ask, openai_read, openai_read_stream),
    "anthropic": Client(anthropic_ask, anthropic_read, anthropic_read_stream),
    "gemini": Client(gemini_ask, gemini_read, gemini_read_stream),
    "responses": Client(responses_ask, responses_read, responses_read_stream),
}
_OPENAI_ERROR = orjson.dumps({"error": {"message": _COMPLAINT, "type": "invalid_request_error", "param": None, "code": None}})
UPSTREAMS = {
    "openai": Upstream("openai", openai_answer, openai_stream, _OPENAI_ERROR, found),
    "anthropic": Upstream(
        "anthropic",
        anthropic_answer,
        anthropic_stream,
        orjson.dumps({"type": "error", "error": {"type": "invalid_request_error", "message": _COMPLAINT}}),
        found,
    ),
    "gemini": Upstream(
        "gemini",
        gemini_answer,
        gemini_stream,
        orjson.dumps({"error": {"code": 400, "message": _COMPLAINT, "status": "INVALID_ARGUMENT"}}),
        found,
    ),
    "responses": Upstream("openai", responses_answer, responses_stream, _OPENAI_ERROR, found),
}
