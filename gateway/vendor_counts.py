"""Ask the vendor how many tokens a call has, where it speaks the client's protocol, Anthropic's or Gemini's: free, no word on health.

One channel is asked, once and briefly: whoever has no answer counts the tokens itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import orjson

from channels_app import bridge, channel_settings, registry
from channels_app.contract import Call, ChannelFacts
from channels_app.exchange import Timeouts, TransportError
from channels_app.faces import Unexpressible
from channels_app.provider import TokenRefused
from gateway import pseudonyms, routing
from gateway.process import THE_TABLE, Relay
from gateway.requests import LeanRequest
from gateway.routing import Attempt, Wish

log = logging.getLogger("keyosk.relay")

_TIMEOUTS = Timeouts(connect=3.0, first_byte=5.0, idle=5.0, total=8.0)
_ANSWER_LIMIT = 64 * 1024
# Where the vendors of a protocol say their count.
_NAMES = {"anthropic": "input_tokens", "gemini": "totalTokens"}


async def ask(state: Relay, request: LeanRequest, call: Call, *, hops: str) -> int | None:
    """Return the vendor's count; None where no vendor of the client's protocol serves the model, or it fails."""
    attempt = routing.choose(
        await _candidates(state, request, call),
        wish=Wish(call.model),
        known=state.standing.board,
        draw=state.standing.draw,
        now=time.monotonic(),
        without=state.standing.overspent,
        is_last_resort=False,
    )
    if attempt is None:
        return None
    try:
        return await _asked(state, pseudonyms.under(call, attempt.channel, member=request.caller.membership_id), attempt, hops)
    except (TransportError, TokenRefused, Unexpressible) as error:
        log.info("a vendor did not count a call: %s", error, extra={"channel": attempt.channel.id})
        return None


async def _candidates(state: Relay, request: LeanRequest, call: Call) -> Sequence[ChannelFacts]:
    key = request.caller
    table = state.tables.peek(THE_TABLE) or await state.tables.get(THE_TABLE)
    found = table.candidates(tenant_chain=key.tenant_chain, group=key.group, model=call.model)
    return [one for one in found if request.pinned in {None, one.id} and bridge.counts(call, one)]


async def _asked(state: Relay, call: Call, attempt: Attempt, hops: str) -> int | None:
    channel, key = attempt.channel, attempt.key
    provider = registry.provider(channel.provider)
    token = await state.tokens.get(provider, channel, key) if provider.has_token else None
    answer = await state.transport.ask(
        bridge.request(call, channel, key, now=time.time(), token=token, hops=hops),
        timeouts=_TIMEOUTS,
        allow_private=channel.allow_private,
        limit=_ANSWER_LIMIT,
        proxy=channel_settings.proxy_of(channel),
    )
    if answer.head.status != 200:
        log.info("a vendor did not count a call", extra={"channel": channel.id, "status": answer.head.status})
        return None
    return _count(answer.body, _NAMES[call.dialect])


def _count(body: bytes, name: str) -> int | None:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    count = told.get(name) if isinstance(told, dict) else None
    return count if type(count) is int and count >= 0 else None
