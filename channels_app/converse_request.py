"""Write a chat completion's request in the Converse protocol of Amazon Bedrock.

Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html. Turns must alternate and begin with the
user's, text must not be empty, all results of one turn of tools stand in one message, ids and document names are narrow.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from channels_app.faces import Unexpressible

_TOOL_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9 ()\[\]-]+")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?[^,]*?;base64,(.*)", re.DOTALL)
_FORMATS = {"jpg": "jpeg", "x-wav": "wav", "mpeg": "mp3", "plain": "txt", "markdown": "md", "msword": "doc", "vnd.ms-excel": "xls"}
_OFFICE = {"wordprocessingml.document": "docx", "spreadsheetml.sheet": "xlsx"}
_BUDGETS = {"minimal": 1024, "low": 1024, "medium": 2048, "high": 4096, "xhigh": 8192, "max": 16384}
_NOTHING = "."

Block = dict[str, Any]
Turn = dict[str, Any]


def write(chat: Mapping[str, Any], *, model: str) -> dict[str, Any]:
    """Return the body of a request to `model` (the name upstream); raise Unexpressible."""
    if (chat.get("n") or 1) != 1:
        raise Unexpressible("This upstream gives one answer per call.", field="n")
    system, turns = _conversation(chat.get("messages") or ())
    tools = _tools(chat, has_history=any("toolUse" in block or "toolResult" in block for turn in turns for block in turn["content"]))
    if tools is not None and chat.get("tool_choice") == "none":
        system.append({"text": "Do not use any tool in your next answer."})
    extra = _extra(chat, model)
    limits = _inference(chat, extra)
    body = {
        "messages": turns,
        "system": system,
        "inferenceConfig": limits,
        "toolConfig": tools,
        "outputConfig": _output(chat.get("response_format")),
        "additionalModelRequestFields": extra,
    }
    return {name: value for name, value in body.items() if value}


def _conversation(messages: Sequence[Any]) -> tuple[list[Block], list[Turn]]:
    """Split the leading instructions from the turns, and make these alternate."""
    system: list[Block] = []
    turns: list[Turn] = []
    for message in messages:
        role = message.get("role")
        blocks = [*_blocks_of(message)]
        if role in {"system", "developer"} and not turns:
            system += blocks
            continue
        role = "assistant" if role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += blocks
        else:
            turns.append({"role": role, "content": blocks})
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": []})
    for turn in turns:
        # Results of tools come before everything else that the user says.
        turn["content"].sort(key=lambda block: "toolResult" not in block) if turn["role"] == "user" else None
        turn["content"] = turn["content"] or [{"text": _NOTHING}]
    return system, turns


def _blocks_of(message: Mapping[str, Any]) -> Iterable[Block]:
    if message.get("role") == "tool":
        yield {"toolResult": {"toolUseId": tool_id(str(message.get("tool_call_id"))), "content": _result(message.get("content"))}}
        return
    yield from _thinking(message)
    content = message.get("content")
    for part in [{"type": "text", "text": content}] if isinstance(content, str) else content or ():
        yield from _part(part)
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        arguments = _arguments(function.get("arguments"))
        yield {"toolUse": {"toolUseId": tool_id(str(call.get("id"))), "name": function.get("name"), "input": arguments}}


def _thinking(message: Mapping[str, Any]) -> Iterable[Block]:
    """Give back the signed reasoning that an earlier answer carried; without its signature it is refused, and left out."""
    for block in message.get("thinking_blocks") or ():
        if block.get("type") == "redacted_thinking":
            yield {"reasoningContent": {"redactedContent": block.get("data")}}
        elif block.get("signature"):
            yield {"reasoningContent": {"reasoningText": {"text": block.get("thinking", ""), "signature": block["signature"]}}}


def _part(part: Mapping[str, Any]) -> Iterable[Block]:
    kind = part.get("type")
    if kind in {"text", "refusal"}:
        text = part.get("text") or part.get("refusal")
        if text and str(text).strip():
            yield {"text": text}
    elif kind == "image_url":
        image = part.get("image_url")
        media, data = _data(image.get("url") if isinstance(image, dict) else image, "image_url")
        yield {"image": {"format": _format(media), "source": {"bytes": data}}}
    elif kind == "input_audio":
        audio = part.get("input_audio") or {}
        yield {"audio": {"format": audio.get("format", "wav"), "source": {"bytes": audio.get("data")}}}
    elif kind == "file":
        file = part.get("file") or {}
        media, data = _data(file.get("file_data"), "file")
        yield {"document": {"format": _format(media), "name": document_name(file.get("filename")), "source": {"bytes": data}}}
    else:
        raise Unexpressible(f"This upstream takes no content of type {kind}.", field="messages")
    if part.get("cache_control"):
        yield {"cachePoint": {"type": "default"}}


def _data(url: object, field: str) -> tuple[str, str]:
    found = _DATA_URL.fullmatch(url) if isinstance(url, str) else None
    if found is None:
        raise Unexpressible("This upstream takes the bytes themselves (a data: URL with base64), no address.", field=field)
    return found[1] or "image/png", found[2]


def _format(media: str) -> str:
    name = media.partition("/")[2].lower()
    office = next((short for long, short in _OFFICE.items() if name.endswith(long)), None)
    return office or _FORMATS.get(name, name)


def _result(content: object) -> list[Block]:
    """Return a tool's result: an object as JSON, everything else as text."""
    text = content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content or ())  # type: ignore[attr-defined]  # a list of parts
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        parsed = None
    return [{"json": parsed}] if isinstance(parsed, dict) else [{"text": text or _NOTHING}]


def _arguments(raw: object) -> dict[str, Any]:
    if isinstance(raw, dict):
        return raw
    try:
        parsed = orjson.loads(raw) if isinstance(raw, str) else None
    except orjson.JSONDecodeError:
        parsed = None
    return parsed if isinstance(parsed, dict) else {}


def tool_id(foreign: str) -> str:
    """Return an id as this protocol allows it: the same for the call and for its result."""
    return foreign if _TOOL_ID.fullmatch(foreign) else "tool_" + hashlib.sha256(foreign.encode()).hexdigest()[:24]


def document_name(filename: object) -> str:
    """Return a document's name as this protocol allows it."""
    stem = str(filename or "document").rpartition(".")[0] or str(filename or "document")
    return " ".join(_NOT_IN_NAMES.sub(" ", stem).split())[:200] or "document"


def _tools(chat: Mapping[str, Any], *, has_history: bool) -> dict[str, Any] | None:
    """Return the tools; where none may be called they go out only if the conversation holds calls already."""
    offered = [tool["function"] for tool in chat.get("tools") or () if tool.get("type", "function") == "function" and "function" in tool]
    choice = chat.get("tool_choice")
    if not offered or (choice == "none" and not has_history):
        return None
    config: dict[str, Any] = {"tools": [{"toolSpec": _spec(function)} for function in offered]}
    if choice == "required":
        config["toolChoice"] = {"any": {}}
    elif isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        config["toolChoice"] = {"tool": {"name": choice["function"].get("name")}}
    return config


def _spec(function: Mapping[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}, **(function.get("parameters") or {})}
    spec = {"name": function.get("name"), "description": function.get("description"), "inputSchema": {"json": schema}}
    return {name: value for name, value in spec.items() if value}


def _inference(chat: Mapping[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    budget = (extra.get("thinking") or {}).get("budget_tokens", 0)
    stop = chat.get("stop")
    stops = [text for text in ([stop] if isinstance(stop, str) else stop or ()) if text and text.strip()]
    limits = {
        "maxTokens": max(limit, budget + 1) if limit and budget else limit,
        "temperature": None if chat.get("temperature") is None or budget else min(1.0, chat["temperature"]),
        "topP": None if budget else chat.get("top_p"),
        "stopSequences": stops or None,
    }
    return {name: value for name, value in limits.items() if value is not None}


def _extra(chat: Mapping[str, Any], model: str) -> dict[str, Any]:
    """Return what only some families know: `top_k`, and reasoning in the family's own terms."""
    extra: dict[str, Any] = {} if chat.get("top_k") is None else {"top_k": chat["top_k"]}
    effort = chat.get("reasoning_effort")
    if not isinstance(effort, str) or effort == "none":
        return extra
    if "anthropic." in model:
        thinking = {"type": "enabled", "budget_tokens": _BUDGETS.get(effort, 2048)}
        return extra | {"thinking": thinking} if _keeps_thinking(chat) else extra
    if "amazon.nova" in model:
        level = effort if effort in {"low", "medium", "high"} else "low" if effort == "minimal" else "high"
        return extra | {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": level}}
    return extra | {"reasoning_effort": effort} if "openai." in model else extra


def _keeps_thinking(chat: Mapping[str, Any]) -> bool:
    """Tell whether no earlier call of a tool lost the signed reasoning before it: Claude refuses to think on without that."""
    return all(
        message.get("thinking_blocks")
        for message in chat.get("messages") or ()
        if message.get("role") == "assistant" and message.get("tool_calls")
    )


def _output(response_format: object) -> dict[str, Any] | None:
    if not isinstance(response_format, dict) or response_format.get("type") != "json_schema":
        return None
    asked = response_format.get("json_schema") or {}
    schema = {"name": asked.get("name") or "answer", "schema": orjson.dumps(asked.get("schema") or {"type": "object"}).decode()}
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
