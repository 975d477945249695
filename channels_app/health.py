"""Ask a channel for one token, by the way real calls take, and keep what came of it.

A channel is taken out only where its credential is refused or its account has no money, and only after repeated
failures; a check that succeeds brings it back. Slow, busy or broken vendors are the relay's to avoid, call by call.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import orjson
from asgiref.sync import async_to_sync
from django.conf import settings
from django.utils import timezone

from channels_app import bridge, channel_settings, channels, model_map, registry, selectors
from channels_app.contract import Call, ChannelFacts, ChannelKey, Failure, FailureKind, Secret, UpstreamAnswer
from channels_app.faces import Unexpressible
from channels_app.models import Channel, ChannelCheck
from channels_app.provider import TokenRefused
from channels_app.redaction import scrub
from channels_app.tokens import Tokens
from channels_app.transport import Garbled, NotSent, Timeouts, Transport, TransportError

FAILURES_TO_DISABLE = 3
_DISABLING = {FailureKind.BAD_KEY, FailureKind.NO_QUOTA}
_TIMEOUTS = Timeouts(connect=10.0, first_byte=60.0, idle=30.0, total=90.0)
_ANSWER_LIMIT = 1024 * 1024
_NO_KEY = ChannelKey(id=0, secret=Secret(""))


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a check found: `latency_ms` until the whole answer, `failure` where there was none."""

    ok: bool
    latency_ms: int
    failure: Failure | None = None


def probe(channel_id: int) -> ProbeResult:
    """Check a channel, whatever its state, and record the result; raise Channel.DoesNotExist."""
    facts = selectors.load_one(channel_id)
    started = time.monotonic()
    failure = async_to_sync(_ask)(facts)
    result = ProbeResult(failure is None, int((time.monotonic() - started) * 1000), failure)
    record(channel_id=channel_id, result=result, now=timezone.now())
    return result


def record(*, channel_id: int, result: ProbeResult, now: datetime) -> ChannelCheck:
    """Keep a check's result; take the channel out or bring it back where that follows."""
    before = ChannelCheck.objects.filter(channel_id=channel_id).first()
    failures = 0 if result.ok else (before.failures_in_row if before else 0) + 1
    failure = result.failure
    values = {
        "state": ChannelCheck.State.OK if result.ok else ChannelCheck.State.FAILED,
        "latency_ms": result.latency_ms,
        "failure": failure.kind.value if failure else "",
        "message": scrub(failure.message)[:300] if failure else "",
        "failures_in_row": failures,
        "checked_at": now,
    }
    check, _ = ChannelCheck.objects.update_or_create(channel_id=channel_id, defaults=values)
    if failure is None:
        channels.revive(channel=check.channel)
    elif failure.kind in _DISABLING and failures >= FAILURES_TO_DISABLE:
        channels.auto_disable(channel=check.channel, reason=f"{failure.kind.value}: {check.message}")
    return check


def due() -> list[int]:
    """Return the channels to check: all but those a person disabled."""
    return list(Channel.objects.exclude(state=Channel.State.DISABLED).order_by("pk").values_list("pk", flat=True))


@asynccontextmanager
async def _tokens(transport: Transport) -> AsyncIterator[Tokens]:
    tokens = Tokens(transport, redis_url=settings.REDIS_URL)
    try:
        yield tokens
    finally:
        await tokens.stop()


async def _ask(facts: ChannelFacts) -> Failure | None:
    """Try the channel's keys until one is answered; a refused key leaves the chance to the next."""
    if not facts.models:
        return Failure(FailureKind.NOT_FOUND, "the channel serves no model", was_sent=False)
    failure: Failure | None = None
    async with Transport() as transport, _tokens(transport) as tokens:
        for key in facts.keys or (_NO_KEY,):
            failure = await _call(transport, tokens, facts, key, limit="max_tokens")
            if failure and failure.kind is FailureKind.BAD_REQUEST and "max_completion_tokens" in failure.message:
                failure = await _call(transport, tokens, facts, key, limit="max_completion_tokens")
            if failure is None or failure.kind not in _DISABLING:
                break
    return failure


async def _call(transport: Transport, tokens: Tokens, facts: ChannelFacts, key: ChannelKey, *, limit: str) -> Failure | None:
    call = _question(str(facts.options.get("probe_model") or _named(facts)), limit)
    try:
        reply = await _reply(transport, tokens, facts, key, call)
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


async def _reply(transport: Transport, tokens: Tokens, facts: ChannelFacts, key: ChannelKey, call: Call) -> UpstreamAnswer:
    """Send the question as the relay would, and return the whole answer."""
    provider = registry.provider(facts.provider)
    token = await tokens.get(provider, facts, key) if provider.has_token else None
    request = bridge.request(call, facts, key, now=time.time(), token=token)
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
        return UpstreamAnswer(exchange.head, await exchange.body(_ANSWER_LIMIT))


def _named(facts: ChannelFacts) -> str:
    """Return the first model in the alphabet; a pattern is no name to ask for, unless there are only patterns."""
    return min(facts.models, key=lambda model: (model_map.is_pattern(model), model))


def _question(model: str, limit: str) -> Call:
    fields = {"model": model, "messages": [{"role": "user", "content": "Hi"}], limit: 1}
    return Call(operation="chat", dialect="openai", model=model, body=orjson.dumps(fields), fields=fields)
