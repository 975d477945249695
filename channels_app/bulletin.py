"""What processes tell each other about circuits, over Redis: only faster, never needed.

A message is JSON: {"from": who, "circuits": [[channel, model, key, seconds, kind], …], "cached": [[conversation, channel,
key, seconds], …]}. 0 seconds closes, an empty model stands for all models, a conversation is a fingerprint in hex. A check
that was answered closes what stands against the key, by `key_answers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson
import structlog
from django.conf import settings

from foundation import broadcast

CHANNEL = "keyosk:circuits"
EVERY_MODEL = "*"
_MOST_SECONDS = 3600.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A circuit that opened for so many seconds, or closed (0)."""

    channel: int
    model: str
    key: int
    seconds: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Cached:
    """A conversation whose prompt a channel's vendor holds in its cache for so many seconds."""

    conversation: bytes
    channel: int
    key: int
    seconds: float


def pack(items: Sequence[Item], *, sender: str, cached: Sequence[Cached] = ()) -> bytes:
    """Return a message."""
    rows = [[item.channel, item.model, item.key, round(item.seconds, 3), item.kind] for item in items]
    kept = [[one.conversation.hex(), one.channel, one.key, round(one.seconds, 3)] for one in cached]
    return orjson.dumps({"from": sender, "circuits": rows, "cached": kept})


def unpack(message: bytes, *, reader: str) -> Iterator[Item]:
    """Yield what others say; a message that cannot be read says nothing."""
    try:
        found = orjson.loads(message)
        if found["from"] == reader:
            return
        for channel, model, key, seconds, kind in found["circuits"]:
            yield Item(int(channel), str(model), int(key), min(float(seconds), _MOST_SECONDS), str(kind))
    except (ValueError, TypeError, KeyError):
        log.warning("a message about circuits cannot be read")


def unpack_cached(message: bytes, *, reader: str) -> Iterator[Cached]:
    """Yield where others know conversations to be cached."""
    try:
        found = orjson.loads(message)
        if found["from"] == reader:
            return
        for conversation, channel, key, seconds in found.get("cached", ()):
            yield Cached(bytes.fromhex(conversation), int(channel), int(key), min(float(seconds), _MOST_SECONDS))
    except (ValueError, TypeError, KeyError):
        return


def key_answers(*, channel_id: int, key_id: int) -> None:
    """Tell all relays that a check was answered with this key."""
    item = Item(channel_id, EVERY_MODEL, key_id, 0.0)
    broadcast.tell(CHANNEL, pack([item], sender="check"), url=settings.REDIS_URL)
