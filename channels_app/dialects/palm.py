"""Google's PaLM 2 protocol, as upstream: messages, texts and embeddings of the second beta (`v1beta2`, `v1beta3`).

Google closed its own address on 2024-08-15; mirrors still speak it. No streams, no tools, no pictures, no usage. Source: the
generated clients of google-ai-generativelanguage 0.3. `text-bison` is asked by generateText, everything else by generateMessage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from channels_app import failures
from channels_app.contract import Answer, Call, ChannelFacts, Encoded, Failure, UpstreamHead
from channels_app.deltas import Broken, Delta, Done, Finish, Started, Text
from channels_app.faces import CHAT, Unexpressible, Vendor
from channels_app.operations.base import nothing
from channels_app.operations.embeddings import converted, texts, vectors

MOST_CANDIDATES = 8
MOST_STOPS = 5
_NOTHING = "."
_CHAT_MODEL = "chat-bison-001"
_ALIASES = {"palm-2": _CHAT_MODEL, "palm2": _CHAT_MODEL, "palm": _CHAT_MODEL}


class Palm(Vendor):
    name = "palm"
    operations = frozenset({CHAT, "embeddings"})

    def encode(self, call: Call, channel: ChannelFacts) -> Encoded:
        named = channel.upstream(call.model).removeprefix("models/")
        model = _ALIASES.get(named.lower(), named)
        if call.operation == "embeddings":
            asked = texts(call)
            method, body = ("embedText", {"text": asked[0]}) if len(asked) == 1 else ("batchEmbedText", {"texts": asked})
            return Encoded(f"/models/{model}:{method}", orjson.dumps(body))
        for name in ("tools", "functions"):
            if call.chat.get(name):
                raise Unexpressible("PaLM 2 knows no tools.", field=name)
        context, turns = _conversation(call.chat.get("messages") or ())
        if model.startswith("text-"):
            return Encoded(f"/models/{model}:generateText", orjson.dumps(_text_request(call.chat, context, turns)))
        messages = [{"author": "1" if is_model else "0", "content": text} for is_model, text in turns]
        prompt = {"context": context, "messages": messages} if context else {"messages": messages}
        return Encoded(f"/models/{model}:generateMessage", orjson.dumps({"prompt": prompt, **_sampling(call.chat)}))

    def deltas(self, call: Call, head: UpstreamHead, body: bytes) -> Sequence[Delta]:
        payload, failure = _loaded(body)
        if failure is not None:
            return [Broken(failure)]
        candidates = payload.get("candidates") or ()
        if not candidates and not payload.get("filters") and "messages" not in payload:
            return [Broken(failures.classify(502, body))]
        found: list[Delta] = [Started()]
        for choice, candidate in enumerate(candidates):
            found += [Text(candidate.get("content") or candidate.get("output") or "", choice), Finish("stop", choice)]
        return [*found, *(() if candidates else (Finish("content_filter"),)), Done()]

    def answer(self, call: Call, head: UpstreamHead, body: bytes) -> Answer:
        payload, failure = _loaded(body)
        if failure is not None:
            return Answer(failure=failure)
        rows = payload.get("embeddings") or ([payload["embedding"]] if "embedding" in payload else [])
        if not rows:
            return nothing(payload)
        as_base64 = call.fields.get("encoding_format") == "base64"
        found = [converted(row["value"], as_base64=as_base64) for row in rows]
        return vectors(call, [{"object": "embedding", "index": place, "embedding": row} for place, row in enumerate(found)], None)

    def classify(self, status: int, body: bytes) -> Failure:
        return failures.classify(status, body)


def _loaded(body: bytes) -> tuple[Mapping[str, Any], Failure | None]:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}, failures.classify(502, body)
    complaint = failures.find(payload) if not isinstance(payload, dict) or "error" in payload else None
    return (payload, None) if complaint is None else ({}, failures.of_complaint(complaint))


def _conversation(messages: Sequence[Mapping[str, Any]]) -> tuple[str, list[tuple[bool, str]]]:
    """Return the context and the turns as (is the model's, text): they alternate, the user's come first and last."""
    context: list[str] = []
    turns: list[tuple[bool, str]] = []
    for message in messages:
        role, text = message.get("role"), _plain(message.get("content"))
        if role in {"tool", "function"} or message.get("tool_calls"):
            raise Unexpressible("PaLM 2 knows no tools.", field="messages")
        if role in {"system", "developer"} and not turns:
            context.append(text)
            continue
        is_model = role == "assistant"
        if turns and turns[-1][0] == is_model:
            turns[-1] = (is_model, f"{turns[-1][1]}\n{text}")
        else:
            turns.append((is_model, text))
    if not turns or turns[0][0]:
        turns.insert(0, (False, _NOTHING))
    if turns[-1][0]:
        turns.append((False, _NOTHING))
    return "\n".join(context), turns


def _plain(content: object) -> str:
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    if any(part.get("type") != "text" for part in content):
        raise Unexpressible("PaLM 2 reads text only.", field="messages")
    return "".join(part["text"] for part in content)


def _text_request(chat: Mapping[str, Any], context: str, turns: Sequence[tuple[bool, str]]) -> dict[str, Any]:
    """Return a request for a model that continues a text: a single question as it is, a conversation as a script."""
    said = turns[0][1] if len(turns) == 1 else "\n".join(f"{'Assistant' if is_model else 'User'}: {text}" for is_model, text in turns)
    prompt = "\n\n".join(part for part in (context, said if len(turns) == 1 else f"{said}\nAssistant:") if part)
    stop = chat.get("stop")
    stops = [stop] if isinstance(stop, str) else list(stop or ())
    limit = chat.get("max_completion_tokens") or chat.get("max_tokens")
    more = {"maxOutputTokens": limit, "stopSequences": stops[:MOST_STOPS] or None}
    return {"prompt": {"text": prompt}, **_sampling(chat), **{name: value for name, value in more.items() if value is not None}}


def _sampling(chat: Mapping[str, Any]) -> dict[str, Any]:
    temperature, choices = chat.get("temperature"), chat.get("n")
    sampling = {
        "temperature": None if temperature is None else min(1.0, temperature),
        "candidateCount": min(MOST_CANDIDATES, choices) if choices else None,
        "topP": chat.get("top_p"),
        "topK": chat.get("top_k"),
    }
    return {name: value for name, value in sampling.items() if value is not None}


VENDOR = Palm()
