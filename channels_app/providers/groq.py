"""Groq. It may tell usage and late errors in a member of its own, `x_groq`. Source: https://console.groq.com/docs/openai."""

from __future__ import annotations

import orjson

from channels_app.contract import Call, ChannelFacts, Encoded, UpstreamHead
from channels_app.fitting import fit
from channels_app.provider import Provider, Unframer


class Groq(Provider):
    slug = "groq"
    label = "Groq"
    base_url = "https://api.groq.com/openai/v1"
    default_models = ("llama-3.3-70b-versatile", "openai/gpt-oss-120b")
    operations = frozenset({"chat", "transcriptions", "translations", "speech"})

    def adapt(self, encoded: Encoded, call: Call, channel: ChannelFacts) -> Encoded:
        return fit(encoded, drops=("logprobs", "top_logprobs", "logit_bias"))

    def unframe(self, call: Call, head: UpstreamHead) -> Unframer | None:
        return OwnMembers() if call.is_stream else None


class OwnMembers:
    """Lifts what `x_groq` tells to where everybody looks for it; every other line stays the bytes it was."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Take bytes as they arrive; return the lines they complete."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        return b"".join(_lifted(line) + b"\n" for line in lines)

    def end(self) -> bytes:
        """Return the last line when upstream closes the connection."""
        return _lifted(self._rest)


def _lifted(line: bytes) -> bytes:
    if b'"x_groq"' not in line or not line.startswith(b"data:"):
        return line
    try:
        chunk = orjson.loads(line[5:])
        own = chunk["x_groq"]
    except (ValueError, KeyError, TypeError):
        return line
    if own.get("error"):
        return b"data: " + orjson.dumps({"error": {"message": own["error"], "type": "server_error"}})
    return line if chunk.get("usage") or not own.get("usage") else b"data: " + orjson.dumps({**chunk, "usage": own["usage"]})
