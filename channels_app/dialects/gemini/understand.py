"""Understand a generateContent request: Gemini's fields said canonically."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels_app.chat_parts import data_url, json_text
from channels_app.dialects.gemini import opaque, schema
from channels_app.dialects.gemini.fields import camel
from channels_app.faces import Unexpressible

_MODES = {"AUTO": "auto", "NONE": "none", "ANY": "required", "VALIDATED": "auto"}
_PLAIN = (
    ("temperature", "temperature"), ("topP", "top_p"), ("topK", "top_k"), ("maxOutputTokens", "max_tokens"), ("seed", "seed"),
    ("presencePenalty", "presence_penalty"), ("frequencyPenalty", "frequency_penalty"), ("candidateCount", "n"),
)  # fmt: skip
_EFFORT_OF_BUDGET = ((4096, "high"), (2048, "medium"), (1024, "low"), (1, "minimal"))


def understand(model: str, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the canonical fields; raise Unexpressible for tools that run at Google only, and for caches and files that lie there."""
    fields: Mapping[str, Any] = camel(raw)
    if fields.get("cachedContent"):
        raise Unexpressible("cachedContent lies at Google and cannot be passed on to this model.", field="cachedContent")
    made: dict[str, Any] = {"model": model, "messages": _messages(fields)}
    tools = [tool for position, entry in enumerate(fields.get("tools") or ()) for tool in _tools(entry, position)]
    if tools:
        made["tools"] = tools
        made |= _choice(fields.get("toolConfig"))
    if fields.get("safetySettings"):
        made["safety_settings"] = fields["safetySettings"]
    config = fields.get("generationConfig")
    return made | _config(config if isinstance(config, dict) else {})


def _messages(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    system = fields.get("systemInstruction")
    if text := "".join(str(part.get("text") or "") for part in _parts(system)):
        made.append({"role": "system", "content": text})
    contents = fields.get("contents")
    conversation = _Conversation()
    for content in contents if isinstance(contents, list) else [contents]:
        content = {"parts": [{"text": content}]} if isinstance(content, str) else content
        if isinstance(content, dict):
            made += conversation.turn(content)
    return made


def _parts(content: object) -> list[Mapping[str, Any]]:
    parts = content.get("parts") if isinstance(content, dict) else [{"text": content}] if isinstance(content, str) else None
    listed = parts if isinstance(parts, list) else [parts]
    return [{"text": part} if isinstance(part, str) else part for part in listed if isinstance(part, dict | str)]


class _Conversation:
    """Gives function calls without an id one by their place, and finds it again for their results by name and order."""

    def __init__(self) -> None:
        self._count = 0
        self._pending: list[tuple[str, str]] = []

    def turn(self, content: Mapping[str, Any]) -> list[dict[str, Any]]:
        parts = _parts(content)
        if content.get("role") == "model":
            return [self._model(parts)]
        results = [self._result(part["functionResponse"]) for part in parts if isinstance(part.get("functionResponse"), dict)]
        rest = [_part(part) for part in parts if not isinstance(part.get("functionResponse"), dict)]
        return [*results, *([{"role": "user", "content": _simplest(rest)}] if rest or not results else [])]

    def _model(self, parts: list[Mapping[str, Any]]) -> dict[str, Any]:
        self._pending = []
        calls = [self._call(part) for part in parts if isinstance(part.get("functionCall"), dict)]
        said = [
            _part(part) for part in parts if not part.get("thought") and ("text" in part or "inlineData" in part) and part.get("text") != ""
        ]
        made: dict[str, Any] = {"role": "assistant", "content": _simplest(said) if said else None}
        if calls:
            made["tool_calls"] = calls
        return made | _thoughts(parts)

    def _call(self, part: Mapping[str, Any]) -> dict[str, Any]:
        called = part["functionCall"]
        name = str(called.get("name") or "")
        identity = str(called.get("id") or f"call_{self._count}_{name}"[:64])
        self._count += 1
        self._pending.append((name, identity))
        made: dict[str, Any] = {
            "id": identity,
            "type": "function",
            "function": {"name": name, "arguments": json_text(called.get("args") or {})},
        }
        if part.get("thoughtSignature") and opaque.unwrap(part["thoughtSignature"]) is None:
            made["extra_content"] = {"google": {"thought_signature": part["thoughtSignature"]}}
        return made

    def _result(self, response: Mapping[str, Any]) -> dict[str, Any]:
        name = str(response.get("name") or "")
        match = next((one for one in self._pending if one[0] == name), ("", f"call_{name}"))
        identity = str(response.get("id") or match[1])
        if match in self._pending:
            self._pending.remove(match)
        value = response.get("response")
        is_text = isinstance(value, dict) and value.keys() <= {"result", "output"} and len(value) == 1
        text = next(iter(value.values())) if is_text and isinstance(value, dict) else value
        return {"role": "tool", "tool_call_id": identity, "content": text if isinstance(text, str) else json_text(text)}


def _thoughts(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what was thought, and what other vendors have signed of it (see `opaque`)."""
    words = "".join(str(part.get("text") or "") for part in parts if part.get("thought"))
    kept = [found for part in parts if (found := opaque.unwrap(part.get("thoughtSignature"))) is not None]
    made: dict[str, Any] = {"reasoning_content": words} if words else {}
    if blocks := [one["block"] for one in kept if "block" in one]:
        made["thinking_blocks"] = blocks
    if items := [{"type": "reasoning.encrypted", **one["item"]} for one in kept if "item" in one]:
        made["reasoning_details"] = items
    return made


def _simplest(parts: list[dict[str, Any]]) -> Any:
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if "text" in part:
        return {"type": "text", "text": str(part["text"])}
    blob = part.get("inlineData")
    if isinstance(blob, dict):
        return _medium(str(blob.get("mimeType") or ""), str(blob.get("data") or ""))
    file = part.get("fileData")
    uri = str(file.get("fileUri") or "") if isinstance(file, dict) else ""
    if uri.startswith("https://") and "generativelanguage" not in uri and "youtu" not in uri:
        mime = str(file.get("mimeType") or "") if isinstance(file, dict) else ""
        if mime.startswith("image/"):
            return {"type": "image_url", "image_url": {"url": uri}}
        return {"type": "file", "file": {"file_url": uri, "filename": uri.rpartition("/")[2][:100]}}
    known = next(iter(part), "nothing")
    raise Unexpressible(f"A part with {str(known)[:50]} cannot be passed on to this model.", field=f"contents.parts.{str(known)[:50]}")


def _medium(mime: str, data: str) -> dict[str, Any]:
    if mime.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": data_url(mime, data)}}
    if mime.startswith("audio/"):
        kind = {"mpeg": "mp3", "x-wav": "wav"}.get(mime[6:], mime[6:])
        return {"type": "input_audio", "input_audio": {"data": data, "format": kind}}
    if mime.startswith("video/"):
        raise Unexpressible("Video cannot be passed on to this model.", field="contents.parts.inlineData.mimeType")
    return {"type": "file", "file": {"file_data": data_url(mime, data), "filename": f"document.{mime.rpartition('/')[2]}"}}


def _tools(entry: object, position: int) -> list[dict[str, Any]]:
    found = entry if isinstance(entry, dict) else {}
    foreign = next((name for name in found if name != "functionDeclarations"), None)
    if foreign is not None:
        raise Unexpressible(
            f"The tool {foreign[:50]} runs at Google only and cannot be passed on to this model.", field=f"tools[{position}].{foreign[:50]}"
        )
    return [_function(one) for one in found.get("functionDeclarations") or () if isinstance(one, dict)]


def _function(declared: Mapping[str, Any]) -> dict[str, Any]:
    parameters = declared.get("parametersJsonSchema") or declared.get("parameters") or {"type": "object", "properties": {}}
    made = {"name": str(declared.get("name") or ""), "parameters": schema.lowered(parameters)}
    if declared.get("description"):
        made["description"] = declared["description"]
    return {"type": "function", "function": made}


def _choice(config: object) -> dict[str, Any]:
    calling = config.get("functionCallingConfig") if isinstance(config, dict) else None
    if not isinstance(calling, dict):
        return {}
    names: list[Any] = calling.get("allowedFunctionNames") or []
    if calling.get("mode") == "ANY" and len(names) == 1:
        return {"tool_choice": {"type": "function", "function": {"name": names[0]}}}
    mode = _MODES.get(str(calling.get("mode") or "").upper())
    return {"tool_choice": mode} if mode else {}


def _config(config: Mapping[str, Any]) -> dict[str, Any]:
    made = {ours: config[theirs] for theirs, ours in _PLAIN if config.get(theirs) is not None}
    if config.get("stopSequences"):
        made["stop"] = list(config["stopSequences"])
    if config.get("responseLogprobs"):
        made |= {"logprobs": True, "top_logprobs": config.get("logprobs") or 0}
    asked = {str(one).lower() for one in config.get("responseModalities") or ()}
    if asked - {"text"}:
        made["modalities"] = sorted(asked)
    return made | _format(config) | _effort(config.get("thinkingConfig"))


def _format(config: Mapping[str, Any]) -> dict[str, Any]:
    wanted = config.get("responseJsonSchema") or config.get("responseSchema")
    if isinstance(wanted, dict):
        answer = {"name": "answer", "schema": schema.lowered(wanted)}
        return {"response_format": {"type": "json_schema", "json_schema": answer}}
    return {"response_format": {"type": "json_object"}} if config.get("responseMimeType") == "application/json" else {}


def _effort(thinking: object) -> dict[str, Any]:
    """Return the effort for a level or a budget; a budget of -1 leaves it to the model."""
    if not isinstance(thinking, dict):
        return {}
    level, budget = thinking.get("thinkingLevel"), thinking.get("thinkingBudget")
    if isinstance(level, str) and level and not level.endswith("UNSPECIFIED"):
        return {"reasoning_effort": level.lower()}
    if not isinstance(budget, int) or budget < 0:
        return {}
    if budget == 0:
        return {"reasoning_effort": "none"}
    effort = next(name for tokens, name in _EFFORT_OF_BUDGET if budget >= tokens)
    return {"reasoning_effort": effort, "thinking": {"type": "enabled", "budget_tokens": budget}}
