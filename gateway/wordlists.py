"""Find words in what a request says, in whatever protocol. Pure.

What is read are all texts of the body: messages, instructions, prompts, inputs, what tools are told and answer; not pictures,
sounds and files, and not names and numbers of the protocol. A word is found inside longer ones too.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from ahocorasick_rs import AhoCorasick

from accounts import screens
from gateway.intake import MEDIA

# What stands there is no text: names of the protocol, and bytes in base64 that hold any short word by chance.
_UNREAD = frozenset(
    {
        "model", "type", "role", "id", "call_id", "tool_call_id", "tool_use_id", "user", "signature", "thoughtSignature",
        "thought_signature", "encrypted_content", "b64_json", "mimeType", "mime_type", "media_type",
    }
)  # fmt: skip


class Screen:
    """Words, as one automaton."""

    __slots__ = ("_automaton",)

    def __init__(self, words: tuple[str, ...]) -> None:
        self._automaton = AhoCorasick(words, store_patterns=False)

    def finds(self, fields: Any) -> bool:
        """Tell whether one of the texts holds one of the words."""
        # No word has a line break, so that none is made of the end of one text and the beginning of the next.
        return bool(self._automaton.find_matches_as_indexes(screens.normal("\n".join(texts(fields)))))


@functools.lru_cache(maxsize=256)
def screen(words: tuple[str, ...]) -> Screen | None:
    """Return what finds these words, one for all sub-keys that are held to them; None where there are none."""
    return Screen(words) if words else None


def texts(fields: Any) -> Iterator[str]:
    """Yield every text of a body. Without recursion: clients nest as deep as they like."""
    todo = [fields]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            if not value.startswith("data:"):
                yield value
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, dict):
            is_medium = isinstance(value.get("data"), str) and any(name in value for name in MEDIA)
            todo += [one for name, one in value.items() if name not in _UNREAD and not (is_medium and name == "data")]
