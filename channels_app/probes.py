"""Ask a channel's keys one question each, by the way real calls take, and report what was said, without secrets."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings

from channels_app import asking, bridge, channel_settings, questions, registry
from channels_app.contract import Call, ChannelFacts, ChannelKey, Failure, FailureKind, FrameKind, UpstreamAnswer, UpstreamRequest
from channels_app.exchange import Exchange, Garbled, NotSent, Timeouts, TransportError
from channels_app.faces import Unexpressible
from channels_app.inquiry import NoAnswer
from channels_app.provider import TokenRefused
from channels_app.questions import MODELS, Question
from channels_app.tokens import Tokens
from channels_app.transport import Transport

MOST_KEYS = 30
_TIMEOUTS = Timeouts(connect=10.0, first_byte=60.0, idle=30.0, total=90.0)
_ANSWER_LIMIT = 16 * 1024 * 1024
_SHOWN = 4000
_HIDDEN_HEADERS = re.compile(r"auth|key|token|cookie|secret|signature|credential|amz-", re.I)


@dataclass(frozen=True, slots=True)
class Probe:
    """What one key's question came to. `first_ms` is the time to a stream's first content; `asked` and `answered` are for people."""

    key_id: int
    latency_ms: int
    first_ms: int | None = None
    failure: Failure | None = None
    asked: str = ""
    answered: str = ""


@dataclass(slots=True)
class _Seen:
    """What goes over the wire, noted for the person who tests."""

    request: UpstreamRequest | None = None
    status: int = 0
    body: bytes = b""
    first: float | None = None


def ask(facts: ChannelFacts, asked: Question) -> list[Probe]:
    """Ask each key of a channel (the first thirty); one that needs none is asked once. Never raises for what upstream does."""
    if not facts.models:
        return [Probe(0, 0, failure=Failure(FailureKind.NOT_FOUND, "the channel serves no model", was_sent=False))]
    return async_to_sync(_ask)(facts, asked)


async def _ask(facts: ChannelFacts, asked: Question) -> list[Probe]:
    async with Transport() as transport, _tokens(transport) as tokens:
        return [await _probe(transport, tokens, facts, key, asked) for key in (facts.keys or (asking.NO_KEY,))[:MOST_KEYS]]


async def _probe(transport: Transport, tokens: Tokens, facts: ChannelFacts, key: ChannelKey, asked: Question) -> Probe:
    seen, began = _Seen(), time.monotonic()
    if asked.kind == MODELS:
        failure = await sync_to_async(_listed)(replace(facts, keys=(key,)))
    else:
        failure = await _call(transport, tokens, facts, key, questions.call_of(asked), seen)
        if failure and failure.kind is FailureKind.BAD_REQUEST and "max_completion_tokens" in failure.message:
            seen, began = _Seen(), time.monotonic()
            failure = await _call(transport, tokens, facts, key, questions.call_of(asked, limit="max_completion_tokens"), seen)
    return Probe(
        key_id=key.id,
        latency_ms=_ms(time.monotonic() - began),
        first_ms=None if seen.first is None else _ms(seen.first - began),
        failure=failure,
        asked=_masked(_request_text(seen.request), facts, key),
        answered=_masked(f"{seen.status or ''}\n{seen.body[:_SHOWN].decode(errors='replace')}".strip(), facts, key),
    )


def _listed(facts: ChannelFacts) -> Failure | None:
    try:
        asking.models(facts)
    except asking.NotOffered:
        return Failure(FailureKind.UNSUPPORTED, "this vendor has no list of models: choose another kind of check", was_sent=False)
    except NoAnswer as error:
        status = re.fullmatch(r"status (\d{3})", str(error))
        kind = FailureKind.BAD_KEY if status and status[1] == "401" else FailureKind.UPSTREAM
        return Failure(kind, str(error), status=int(status[1]) if status else None)
    return None


async def _call(transport: Transport, tokens: Tokens, facts: ChannelFacts, key: ChannelKey, call: Call, seen: _Seen) -> Failure | None:
    provider = registry.provider(facts.provider)
    try:
        token = await tokens.get(provider, facts, key) if provider.has_token else None
        seen.request = request = bridge.request(call, facts, key, now=time.time(), token=token)
        opening = (
            transport.open_local(provider, request)
            if provider.is_local
            else transport.open(
                request,
                timeouts=channel_settings.timeouts_of(facts, _TIMEOUTS),
                allow_private=facts.allow_private,
                proxy=channel_settings.proxy_of(facts),
            )
        )
        async with opening as exchange:
            seen.status = exchange.head.status
            if call.is_stream and 200 <= exchange.head.status < 300:
                return await _first_content(exchange, facts, call, seen)
            seen.body = await exchange.body(_ANSWER_LIMIT)
            reply = UpstreamAnswer(exchange.head, seen.body)
    except Unexpressible as error:
        return error.failure()
    except TokenRefused as error:
        return error.failure
    except TransportError as error:
        kind = type(error).__name__ if isinstance(error, NotSent | Garbled) else "Lost"
        return Failure(FailureKind.UPSTREAM, f"{kind}: {error}", was_sent=not isinstance(error, NotSent), is_timeout=error.is_timeout)
    if not 200 <= reply.head.status < 300:
        return bridge.classify(call, facts, reply.head.status, reply.body)
    return bridge.read(call, facts, reply, request_id="probe", created=0).failure


async def _first_content(exchange: Exchange, facts: ChannelFacts, call: Call, seen: _Seen) -> Failure | None:
    """Read a stream up to its first content; leaving it cuts it off, so that nothing more is paid for."""
    reader = bridge.reader(call, facts, exchange.head, request_id="probe", created=0)
    async for chunk in exchange.chunks():
        seen.body += chunk
        for frame in reader.feed(chunk):
            if frame.kind is FrameKind.ERROR:
                return frame.failure
            if frame.kind in {FrameKind.CONTENT, FrameKind.FINISH, FrameKind.DONE}:
                seen.first = time.monotonic()
                return None
    last = next((frame.failure for frame in reader.end() if frame.kind is FrameKind.ERROR), None)
    return last or Failure(FailureKind.UPSTREAM, "the stream ended without content")


@asynccontextmanager
async def _tokens(transport: Transport) -> AsyncIterator[Tokens]:
    tokens = Tokens(transport, redis_url=settings.REDIS_URL)
    try:
        yield tokens
    finally:
        await tokens.stop()


def _ms(seconds: float) -> int:
    return int(seconds * 1000)


def _request_text(request: UpstreamRequest | None) -> str:
    if request is None:
        return ""
    headers = [f"{name}: {'…' if _HIDDEN_HEADERS.search(name) else value}" for name, value in request.headers]
    return "\n".join([f"{request.method} {request.url}", *headers, "", request.body[:_SHOWN].decode(errors="replace")])


def _masked(text: str, facts: ChannelFacts, key: ChannelKey) -> str:
    """Put the last four characters where a secret of this channel stands, whole or in parts."""
    for secret in sorted(_secrets(facts, key), key=len, reverse=True):
        text = text.replace(secret, f"…{secret[-4:]}")
    return text


def _secrets(facts: ChannelFacts, key: ChannelKey) -> Iterable[str]:
    plain = key.secret.reveal()
    options = registry.provider(facts.provider).fields
    hidden = [str(facts.options.get(field.name) or "") for field in options if field.is_secret]
    return {part for whole in (plain, *plain.split("|"), *hidden) if len(part := whole.strip()) >= 8}
