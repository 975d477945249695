"""Which channel holds the prompt cache of a conversation: remembered for some minutes after its last call. Pure.

A conversation is known by what stays the same in all its calls: the sub-key, the model and its first two messages, or
the name the client gives it (`prompt_cache_key`). Short prompts are cached by nobody and are not looked at.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any

import orjson

from channels_app.contract import Call

# Vendors cache from 1,024 tokens on.
LEAST_BYTES = 4096
# Where the protocols of clients keep a conversation, and what stands before it.
_SAID = ("messages", "contents", "input")
_TOLD = ("system", "instructions", "systemInstruction", "system_instruction")
_MOST_BYTES = 1024 * 1024
_MOST = 50_000

Conversation = bytes
Way = tuple[int, int]


@dataclass(slots=True)
class Habits:
    """Conversation → (channel, key), the least recently used leave first."""

    ways: OrderedDict[Conversation, tuple[Way, float]] = field(default_factory=OrderedDict)
    news: dict[Conversation, tuple[Way, float]] = field(default_factory=dict)

    def learn(self, conversation: Conversation, way: Way, *, until: float) -> None:
        """Remember where a conversation is cached, and let the other processes know."""
        self.keep(conversation, way, until=until)
        self.news[conversation] = (way, until)

    def take_news(self) -> dict[Conversation, tuple[Way, float]]:
        """Return and forget what the others have not heard."""
        news, self.news = self.news, {}
        return news

    def keep(self, conversation: Conversation, way: Way, *, until: float) -> None:
        """Remember where a conversation is cached."""
        self.ways[conversation] = (way, until)
        self.ways.move_to_end(conversation)
        if len(self.ways) > _MOST:
            self.ways.popitem(last=False)

    def way(self, conversation: Conversation, *, now: float) -> Way | None:
        """Return where a conversation is cached, or None."""
        found = self.ways.get(conversation)
        if found is None:
            return None
        if found[1] <= now:
            del self.ways[conversation]
            return None
        return found[0]


def conversation(call: Call, *, key_id: int) -> Conversation | None:
    """Return what names the conversation of a call; None where no cache is worth a thought."""
    if not LEAST_BYTES <= len(call.body) <= _MOST_BYTES:
        return None
    named: Any = call.fields.get("prompt_cache_key")
    if not isinstance(named, str) or not named:
        messages = next((call.fields[name] for name in _SAID if call.fields.get(name)), None)
        if not isinstance(messages, list):
            return None
        named = [*(call.fields.get(name) for name in _TOLD), messages[:2]]
    return hashlib.blake2b(orjson.dumps([key_id, call.model, named]), digest_size=16).digest()
