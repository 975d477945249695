"""Ask a scripted vendor as the relay does: the real transport, the vendor's file, its dialect, an OpenAI client."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from channels_app import bridge, registry
from channels_app.contract import Answer, Call, ChannelFacts, ChannelKey, Failure, FailureKind, Frame, Secret, UpstreamAnswer, Usage
from channels_app.exchange import Exchange, Timeouts
from channels_app.faces import Unexpressible
from channels_app.provider import TokenRefused
from channels_app.tokens import Tokens
from channels_app.transport import Transport
from tests.doubles.replies import TEXT

HELLO = ({"role": "user", "content": "Hi"},)
# No test is about these: a busy machine must not fail one.
_TIMEOUTS = Timeouts(connect=60.0, first_byte=60.0, idle=60.0, total=120.0)


@dataclass
class Said:
    """What a client reads: the text, the tool calls as (name, arguments), the reasoning, the reason; or the failure."""

    text: str = ""
    reasoning: str = ""
    tools: list[tuple[str, str]] = field(default_factory=list)
    reason: str | None = None
    usage: Usage | None = None
    failure: Failure | None = None
    events: list[dict[str, Any]] = field(default_factory=list)
    body: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> FailureKind | None:
        return self.failure.kind if self.failure else None


def channel(provider: str, base_url: str, key: str, **options: Any) -> ChannelFacts:
    keys = (ChannelKey(1, Secret(key)),)
    return ChannelFacts(1, "c", 1, provider, base_url, keys, {}, options=options, allow_private=True)


def call(fields: Mapping[str, Any], *, operation: str = "chat") -> Call:
    whole = dict(fields)
    is_stream = bool(whole.get("stream"))
    return Call(operation, "openai", str(whole["model"]), orjson.dumps(whole), whole, is_stream=is_stream, wants_usage=True)


def ask(facts: ChannelFacts, model: str, *, operation: str = "chat", clock: Callable[[], float] = time.time, **fields: Any) -> Said:
    """Send one call and return what a client of OpenAI reads."""
    messages = {"messages": list(HELLO)} if operation == "chat" and "messages" not in fields else {}
    made = call({"model": model, **messages, **fields}, operation=operation)
    return asyncio.run(_ask(facts, made, clock))


async def _ask(facts: ChannelFacts, made: Call, clock: Callable[[], float]) -> Said:
    provider, key = registry.provider(facts.provider), facts.keys[0]
    async with Transport() as transport:
        tokens = Tokens(transport, clock=clock)
        try:
            token = await tokens.get(provider, facts, key) if provider.has_token else None
            request = bridge.request(made, facts, key, now=clock(), token=token)
            async with transport.open(request, timeouts=_TIMEOUTS, allow_private=True) as exchange:
                return await _read(made, facts, exchange)
        except (Unexpressible, TokenRefused) as error:
            return Said(failure=error.failure() if isinstance(error, Unexpressible) else error.failure)
        finally:
            await tokens.stop()


async def _read(made: Call, facts: ChannelFacts, exchange: Exchange) -> Said:
    head = exchange.head
    if not 200 <= head.status < 300:
        return Said(failure=bridge.classify(made, facts, head.status, await exchange.body()))
    if not made.is_stream:
        reply = UpstreamAnswer(head, await exchange.body())
        return of_answer(bridge.read(made, facts, reply, request_id="r1", created=1))
    reader = bridge.reader(made, facts, head, request_id="r1", created=1)
    frames: list[Frame] = []
    async for chunk in exchange.chunks():
        frames += reader.feed(chunk)
    return of_frames([*frames, *reader.end()])


def of_answer(answer: Answer) -> Said:
    """Return what a complete answer says."""
    if answer.failure is not None:
        return Said(failure=answer.failure)
    body = orjson.loads(answer.body)
    said = Said(usage=answer.usage, body=body)
    for choice in body.get("choices", ())[:1]:
        message = choice["message"]
        said.text, said.reasoning = message.get("content") or "", message.get("reasoning_content") or ""
        said.tools = [(one["function"]["name"], one["function"]["arguments"]) for one in message.get("tool_calls") or ()]
        said.reason = choice["finish_reason"]
    return said


def of_frames(frames: Sequence[Frame]) -> Said:
    """Return what a stream says."""
    said = Said(failure=frames[-1].failure)
    for frame in frames:
        said.usage = frame.usage or said.usage
        for line in frame.data.split(b"\n\n"):
            if line.startswith(b"data: {") and frame.failure is None:
                said.events.append(orjson.loads(line[6:]))
    for choice in [choice for event in said.events for choice in event["choices"][:1]]:
        delta = choice["delta"]
        said.text += delta.get("content") or ""
        said.reasoning += delta.get("reasoning_content") or ""
        said.reason = choice.get("finish_reason") or said.reason
        for one in delta.get("tool_calls") or ():
            _tool(said.tools, one)
    return said


def _tool(tools: list[tuple[str, str]], fragment: dict[str, Any]) -> None:
    function = fragment.get("function") or {}
    if fragment["index"] == len(tools):
        tools.append((function.get("name", ""), function.get("arguments") or ""))
    else:
        name, arguments = tools[fragment["index"]]
        tools[fragment["index"]] = (name, arguments + (function.get("arguments") or ""))


def is_greeting(said: Said) -> bool:
    """Tell whether the scripted vendors' own answer came through, whole and with its usage."""
    return (said.failure, said.text, said.reason, said.usage) == (None, TEXT, "stop", Usage(input=12, output=4))
