"""What an answer is made of, whatever protocol it came by: small values, in the order in which they arrive.

A vendor's side gives them, streamed or all at once; a client's side writes frames or a body from them. `choice` is the index
among several answers to one call. A complete answer ends with a Finish for each choice, what is known of the usage, and Done;
an answer that broke off ends with Broken and has no Done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from channels_app.contract import Failure, Usage


@dataclass(frozen=True, slots=True)
class Started:
    """The vendor has begun; `id` is its name for the answer, empty where it has none."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """More of the answer's text."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Reasoning:
    """More of what the model thought, in words."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Opaque:
    """What must come back unchanged with the next call, and means nothing to anybody between.

    `kind` is `signature` (of the reasoning before it), `redacted` (reasoning in cipher) or `reasoning_item` (an item of the
    Responses protocol, `data` its `encrypted_content`, `id` its id); a signature of a tool call stands in ToolStart.
    """

    kind: str
    data: str
    id: str = ""
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ToolStart:
    """A tool call begins; `index` counts the tool calls of the choice from 0. `signature` is the vendor's thought signature."""

    index: int
    id: str
    name: str
    choice: int = 0
    signature: str = ""
    kind: str = "function"


@dataclass(frozen=True, slots=True)
class ToolArguments:
    """More of a tool call's arguments: a fragment of JSON text."""

    index: int
    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a sound: base64 `data` of the type `mime`, or its `url`. `extra` is the vendor's own (a transcript, an id)."""

    mime: str
    data: str = ""
    url: str = ""
    choice: int = 0
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """More of the text by which the model declines."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Citation:
    """A source of what was said, in the form of OpenAI's annotations: `url_citation` with url, title, start and end."""

    annotation: Mapping[str, Any]
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Logprobs:
    """Probabilities of the tokens before it, in OpenAI's form."""

    value: Mapping[str, Any]
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Finish:
    """A choice is complete: `reason` is stop, length, tool_calls or content_filter; `sequence` the stop sequence that was met."""

    reason: str
    choice: int = 0
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Consumed:
    """What is known of the usage; each one replaces the one before."""

    usage: Usage


@dataclass(frozen=True, slots=True)
class Comment:
    """A sign of life from upstream."""

    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Done:
    """Everything was said."""


@dataclass(frozen=True, slots=True)
class Broken:
    """The answer ended in an error; nothing follows."""

    failure: Failure


Delta = (
    Started
    | Text
    | Reasoning
    | Opaque
    | ToolStart
    | ToolArguments
    | Media
    | Refusal
    | Citation
    | Logprobs
    | Finish
    | Consumed
    | Comment
    | Done
    | Broken
)
_WORDS = (Text, Reasoning, Refusal, ToolArguments)


def delivered(delta: Delta) -> int:
    """Return the UTF-8 bytes of text, reasoning and tool arguments in a delta: the base of an estimate."""
    if isinstance(delta, _WORDS):
        return _bytes(delta.text)
    if isinstance(delta, ToolStart):
        return _bytes(delta.name)
    if isinstance(delta, Media) and delta.extra:
        transcript = delta.extra.get("transcript")
        return _bytes(transcript) if isinstance(transcript, str) else 0
    return 0


def is_content(delta: Delta) -> bool:
    """Tell whether a delta gives the client something: with the first of these a failover is over."""
    return isinstance(delta, (*_WORDS, Opaque, ToolStart, Media, Citation, Logprobs))


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
