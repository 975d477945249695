"""Make a canonical conversation fit for vendors with narrower rules: plain text, roles in turn, the system's words apart. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from channels_app.faces import Unexpressible

SYSTEM = frozenset({"system", "developer"})
# What an assistant is made to answer where two turns of the user must not follow each other, and the other way round.
AGREED = "Okay"
GO_ON = "Go on."


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said, as text."""

    role: str
    text: str


def require(fields: Mapping[str, Any], *, tools: bool = False, media: bool = False) -> None:
    """Raise Unexpressible for what a vendor cannot do: several answers at once, tools or pictures unless it knows them."""
    if fields.get("n") not in {None, 1}:
        raise Unexpressible("This channel gives one answer to a call.", field="n")
    if not tools and fields.get("tools") and fields.get("tool_choice") != "none":
        raise Unexpressible("This channel has no tools.", field="tools")
    if not media and has_media(fields.get("messages") or ()):
        raise Unexpressible("This channel reads text only.", field="messages")


def text_of(content: object) -> str:
    """Return the text of a message's content, whether text or parts; what is no text is left out."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str))


def has_media(messages: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether any message holds something other than text."""
    return any(
        isinstance(part, Mapping) and part.get("type") not in {"text", "refusal"}
        for message in messages
        for part in (message["content"] if isinstance(message.get("content"), list) else ())
    )


def system_text(messages: Iterable[Mapping[str, Any]]) -> str:
    """Return what all system messages say, in order."""
    said = (text_of(message.get("content")) for message in messages if message.get("role") in SYSTEM)
    return "\n\n".join(text for text in said if text)


def in_turn(messages: Iterable[Mapping[str, Any]], *, opening: str = "") -> list[Turn]:
    """Return what user and assistant said, strictly in turn, from the user to the user, and never empty.

    `opening` is said first, as by the user, and agreed to: so the system's words reach a vendor without a system role.
    Results of tools become words of the user, calls of tools words of the assistant.
    """
    said = [Turn("user", opening), Turn("assistant", AGREED)] if opening else []
    turns: list[Turn] = []
    for turn in [*said, *(_turn(message) for message in messages if message.get("role") not in SYSTEM)]:
        if not turn.text:
            continue
        if turns and turns[-1].role == turn.role:
            turns[-1] = Turn(turn.role, f"{turns[-1].text}\n{turn.text}")
        else:
            turns.append(turn)
    if not turns or turns[0].role != "user":
        turns.insert(0, Turn("user", GO_ON))
    if turns[-1].role != "user":
        turns.append(Turn("user", GO_ON))
    return turns


def _turn(message: Mapping[str, Any]) -> Turn:
    text = text_of(message.get("content"))
    if message.get("role") == "assistant":
        called = [_called(call) for call in message.get("tool_calls") or ()]
        return Turn("assistant", "\n".join(filter(None, [text, *called])))
    return Turn("user", text)


def _called(call: Mapping[str, Any]) -> str:
    function: Mapping[str, Any] = call.get("function") or {}
    return f"{function.get('name', '')}({function.get('arguments', '')})"


def functions(fields: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the functions among the tools of a request."""
    tools = fields.get("tools")
    return [tool["function"] for tool in tools or () if tool.get("type") == "function" and isinstance(tool.get("function"), Mapping)]
