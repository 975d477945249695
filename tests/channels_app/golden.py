"""The golden pairs of the vendors, `tests/golden/<slug>.json`: what a call becomes, and what bytes mean.

    requests    a call, and the request that goes out (`body` in full, `headers` those named)
    answers     a whole answer's body, and what it says
    streams     a stream (`sse` text, `events`, `frames` of Amazon, or `lines`), and what it says
    failures    a status and a body, and the kind of failure; `message` where the vendor's words are changed
    balances    the replies to the questions after the balance, and the result

Each names in `shows` the capabilities that it proves, `service` those that calls to a scripted service prove. `verified` and
`unverified` say in words what else was and what was not tried. `python -m tests.channels_app.golden` writes down what they prove,
for `manage.py providers` and docs/providers.md.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from channels_app import registry
from channels_app.capabilities import CAPABILITIES, markdown, rows
from channels_app.contract import Call, ChannelFacts, ChannelKey, Secret, Usage
from channels_app.deltas import Broken, Consumed, Delta, Finish, Reasoning, Refusal, Text, ToolArguments, ToolStart
from tests.doubles import amazon

ROOT = Path(__file__).parents[1] / "golden"
BEGIN, END = "<!-- written by: python -m tests.channels_app.golden -->", "<!-- end -->"
PARTS = ("requests", "answers", "streams", "failures", "balances")


@dataclass(frozen=True)
class Case:
    """One pair of one vendor."""

    slug: str
    part: str
    values: dict[str, Any]

    @property
    def name(self) -> str:
        return f"{self.slug}: {self.values['name']}"

    @property
    def channel(self) -> ChannelFacts:
        models = MappingProxyType(self.values.get("models", {}))
        options = MappingProxyType(self.values.get("options", {}))
        return ChannelFacts(1, "c", 1, self.slug, self.values.get("base_url", ""), (), models, options=options)

    @property
    def key(self) -> ChannelKey:
        return ChannelKey(1, Secret(self.values.get("key", "sk-golden")))

    @property
    def call(self) -> Call:
        fields = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **self.values.get("call", {})}
        operation = self.values.get("operation", "chat")
        if operation != "chat":
            fields.pop("messages")
        is_stream = bool(fields.get("stream"))
        return Call(operation, "openai", fields["model"], orjson.dumps(fields), fields, is_stream=is_stream, wants_usage=True)

    @property
    def body(self) -> bytes:
        """The answer's bytes, however the case writes them down."""
        if "sse" in self.values:
            return str(self.values["sse"]).encode()
        if "events" in self.values:
            return b"".join(_event(one) for one in self.values["events"])
        if "frames" in self.values:
            return b"".join(amazon.event(kind, payload) for kind, payload in self.values["frames"])
        if "lines" in self.values:
            return b"".join(orjson.dumps(line) + b"\n" for line in self.values["lines"])
        body = self.values.get("body", "")
        return body.encode() if isinstance(body, str) else orjson.dumps(body)


def _event(payload: Any) -> bytes:
    if isinstance(payload, str):
        return f"data: {payload}\n\n".encode()
    name = payload.get("type") if isinstance(payload, dict) else None
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + orjson.dumps(payload) + b"\n\n"


@cache
def book(slug: str) -> dict[str, Any]:
    """Return the golden pairs of a vendor; empty where it has none."""
    path = ROOT / f"{slug}.json"
    loaded: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return loaded


def cases(part: str) -> list[Case]:
    """Return the cases of one part, of all vendors."""
    return [Case(slug, part, values) for slug in registry.providers() for values in book(slug).get(part, ())]


def told(deltas: Sequence[Delta]) -> dict[str, Any]:
    """Return what deltas say, put together as the cases write it down; what is not said is left out."""
    tools: dict[int, list[str]] = {}
    for delta in deltas:
        if isinstance(delta, ToolStart):
            tools[delta.index] = [delta.id, delta.name, ""]
        elif isinstance(delta, ToolArguments):
            tools[delta.index][2] += delta.text
    usage = [delta.usage for delta in deltas if isinstance(delta, Consumed)]
    broken = [delta.failure.kind.value for delta in deltas if isinstance(delta, Broken)]
    found = {
        "text": "".join(delta.text for delta in deltas if isinstance(delta, Text | Refusal)),
        "reasoning": "".join(delta.text for delta in deltas if isinstance(delta, Reasoning)),
        "tools": [tools[index] for index in sorted(tools)],
        "finish": [delta.reason for delta in deltas if isinstance(delta, Finish)],
        "usage": buckets(usage[-1]) if usage else {},
        "failure": broken[0] if broken else "",
    }
    return {name: value for name, value in found.items() if value}


def buckets(usage: Usage) -> dict[str, int]:
    """Return the buckets that are not empty."""
    named = {name: getattr(usage, name) for name in Usage.__dataclass_fields__ if name not in {"source", "units"}}
    return {name: value for name, value in named.items() if value}


def verified() -> dict[str, dict[str, Any]]:
    """Return what `channels_app/verified.json` holds: by vendor, what its pairs show and how many there are."""
    return {slug: _proved(book(slug)) for slug in sorted(path.stem for path in ROOT.glob("*.json"))}


def _proved(pairs: dict[str, Any]) -> dict[str, Any]:
    all_cases = [values for part in PARTS for values in pairs.get(part, ())]
    shown = {name for values in all_cases for name in values["shows"]} | ({"health"} if pairs.get("failures") else set())
    shown |= set(pairs.get("service", ()))
    operations = {values["operation"] for part in ("requests", "answers") for values in pairs.get(part, ()) if "operation" in values}
    found = {
        "pairs": len(all_cases),
        "shows": sorted(shown & set(CAPABILITIES)),
        "operations": sorted(operations),
        "verified": pairs.get("verified", []),
        "unverified": pairs.get("unverified", []),
    }
    return {name: value for name, value in found.items() if value}


def page(text: str) -> str:
    """Return docs/providers.md with the tables as they are now."""
    start, rest = text.split(BEGIN)
    return f"{start}{BEGIN}\n\n{markdown(rows())}\n\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":  # python -m tests.channels_app.golden
    Path("channels_app/verified.json").write_text(json.dumps(verified(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    docs = Path("docs/providers.md")
    docs.write_text(page(docs.read_text(encoding="utf-8")), encoding="utf-8")
