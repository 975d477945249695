"""The cheapest real question for a channel: which model is asked, and in which form. Pure.

A chat is asked for one token, streamed or whole; embeddings for one word; a picture is the smallest one. A channel with
nothing that is cheap to ask (only pictures, only sound) is asked for its list of models, which costs nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from channels_app import model_map
from channels_app.contract import Call, ChannelFacts

CHAT, STREAM, EMBEDDINGS, IMAGES, MODELS, OFF, AUTO = "chat", "stream", "embeddings", "images", "models", "off", "auto"

_EMBEDDINGS = re.compile(r"embed|^bge-|^e5-|^gte-|^m3e", re.I)
_PICTURES = re.compile(r"dall-?e|image|imagen|flux|stable-?diffusion|sd[x3]|cogview|wanx|midjourney|kolors|seedream|recraft", re.I)
_NO_CHAT = re.compile(r"whisper|tts|audio|speech|transcribe|rerank|moderation|video|sora|veo|realtime", re.I)
_SMALLEST = {"dall-e-2": "256x256"}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: a kind, and the public model; both say how the call is made."""

    kind: str
    model: str


def question(facts: ChannelFacts, *, kind: str = AUTO, model: str = "") -> Question | None:
    """Return what to ask a channel; None where nothing is to be asked. A model that the channel does not serve is passed over."""
    if kind == OFF:
        return None
    named = model or str(facts.options.get("probe_model") or "")
    # A pattern is no name to ask for, unless there are only patterns.
    plain = [name for name in facts.models if not model_map.is_pattern(name)]
    chosen = [named] if named in facts.models else sorted(plain or facts.models)
    by_kind = {_kind(name): name for name in reversed(chosen)}
    if kind == STREAM:
        return Question(STREAM, by_kind.get(CHAT) or chosen[0]) if chosen else Question(MODELS, "")
    if kind != AUTO:
        return Question(kind, by_kind.get(kind) or (chosen[0] if chosen else ""))
    for cheap in (CHAT, EMBEDDINGS):
        if cheap in by_kind:
            return Question(cheap, by_kind[cheap])
    return Question(MODELS, "")


def call_of(asked: Question, *, limit: str = "max_tokens") -> Call:
    """Return the call of a question; `limit` names the field that bounds a chat's answer."""
    if asked.kind == EMBEDDINGS:
        return _call("embeddings", {"model": asked.model, "input": "Hi"})
    if asked.kind == IMAGES:
        return _call("images", {"model": asked.model, "prompt": "a dot", "n": 1, "size": _SMALLEST.get(asked.model, "1024x1024")})
    fields: dict[str, Any] = {"model": asked.model, "messages": [{"role": "user", "content": "Hi"}], limit: 1}
    return _call("chat", fields | {"stream": True}, is_stream=True) if asked.kind == STREAM else _call("chat", fields)


def _kind(name: str) -> str:
    if _EMBEDDINGS.search(name):
        return EMBEDDINGS
    if _PICTURES.search(name):
        return IMAGES
    return "" if _NO_CHAT.search(name) else CHAT


def _call(operation: str, fields: dict[str, Any], *, is_stream: bool = False) -> Call:
    model = str(fields["model"])
    return Call(operation=operation, dialect="openai", model=model, body=orjson.dumps(fields), fields=fields, is_stream=is_stream)
