"""The upstream's end of one call: opens an attempt, reads it, hangs up. Does the engine's steps and reports the events."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from channels_app import channel_settings, picture_fetch, registry
from channels_app.contract import ChannelFacts, Failure, FailureKind, Secret, UpstreamHead, UpstreamRequest
from channels_app.exchange import BODY_LIMIT, Cut, Exchange, NotSent, Opening, Timeouts, TransportError
from channels_app.faces import Unexpressible
from channels_app.pictures import PictureRefused
from channels_app.provider import Provider, TokenRefused
from channels_app.tokens import Tokens
from channels_app.transport import Transport
from gateway import drills
from gateway.journey import TRANSPORT
from gateway.plan import CallPlan
from gateway.relay import Body, Broken, Chunk, Emit, End, Event, Head, Send, Step
from gateway.routing import Attempt

# Deadlines are not kept more exactly than this.
_HARDLY_SECONDS = 0.05


class Uplink:
    """At most one open attempt at a time. `attempt` is the last one; `read_bytes` counts what came of it."""

    __slots__ = (
        "_began",
        "_chunks",
        "_exchange",
        "_opening",
        "_plan",
        "_timeouts",
        "_token",
        "_tokens",
        "_transport",
        "attempt",
        "head",
        "read_bytes",
    )

    def __init__(self, transport: Transport, tokens: Tokens, timeouts: Timeouts, plan: CallPlan) -> None:
        self._transport = transport
        self._tokens = tokens
        self._timeouts = timeouts
        self._plan = plan
        self._began = time.monotonic()
        self._opening: Opening | None = None
        self._exchange: Exchange | None = None
        self._chunks: AsyncIterator[bytes] | None = None
        self._token: Secret | None = None
        self.attempt: Attempt | None = None
        self.read_bytes = 0
        self.head: UpstreamHead | None = None

    async def perform(self, step: Step) -> Event:
        """Do what a step asks for; what goes wrong below HTTP is an event too."""
        try:
            if type(step) is Emit:
                if self._chunks is None:
                    self._chunks = self._open_exchange().chunks()
                async for chunk in self._chunks:
                    self.read_bytes += len(chunk)
                    return Chunk(chunk)
                return End()
            if type(step) is Send:
                return await self._open(step)
            return Body(await self._whole())
        except (Unexpressible, PictureRefused, TokenRefused, TransportError) as error:
            return Broken(_failure(error))

    async def hang_up(self) -> None:
        """Close the attempt; an answer that was not read to its end is cut off, so that upstream stops."""
        opening, self._opening, self._exchange, self._chunks = self._opening, None, None, None
        if opening is not None:
            await opening.__aexit__(None, None, None)

    async def _open(self, send: Send) -> Event:
        if self._opening is not None:
            await self.hang_up()
        attempt = self.attempt = send.attempt
        self.read_bytes = 0
        channel = attempt.channel
        provider = registry.provider(channel.provider)
        if channel.rules.drill is not None:
            played = drills.play(channel.rules.drill, draw=random.random, now=time.time())
            if isinstance(played, Failure):
                return Broken(played)
            await asyncio.sleep(played)
        token = await self._token_for(provider, send) if provider.has_token else None
        pictures = await _fetched(urls) if (urls := self._plan.picture_urls(attempt)) else {}
        now = time.time() if provider.signs else 0.0
        self._opening = self._opened(provider, attempt, self._plan.request(attempt, now=now, token=token, pictures=pictures))
        self._exchange = await self._opening.__aenter__()
        self.head = head = self._exchange.head
        return Head(head)

    def _opened(self, provider: Provider, attempt: Attempt, request: UpstreamRequest) -> Opening:
        channel = attempt.channel
        if provider.is_local:
            return self._transport.open_local(provider, request)
        proxy = channel_settings.proxy_of(channel) if channel.options else ""
        return self._transport.open(request, timeouts=self._deadlines(channel), allow_private=channel.allow_private, proxy=proxy)

    def _deadlines(self, channel: ChannelFacts) -> Timeouts:
        """Return the deadlines of what begins now; the one for everything counts from the call's beginning, whoever was asked before."""
        usual = channel_settings.timeouts_of(channel, self._timeouts)
        spent = time.monotonic() - self._began
        return usual if spent < _HARDLY_SECONDS else replace(usual, total=usual.total - spent)

    async def _token_for(self, provider: Provider, send: Send) -> Secret:
        channel, key = send.attempt.channel, send.attempt.key
        if send.afresh and self._token is not None:
            self._token = await self._tokens.renew(provider, channel, key, refused=self._token)
        else:
            self._token = await self._tokens.get(provider, channel, key)
        return self._token

    async def _whole(self) -> bytes:
        """Return the whole answer: where it is but a ticket, what is got for that."""
        ticket = body = await self._open_exchange().body()
        asked = 0
        while self.attempt is not None and self._open_exchange().head.status < 300:
            errand = self._plan.follow(self.attempt, body, ticket=ticket, asked=asked, now=time.time(), token=self._token)
            if errand is None:
                break
            request, pause = errand
            channel = self.attempt.channel
            if pause >= self._deadlines(channel).total:
                raise Cut("the call's time is over", is_timeout=True)
            await asyncio.sleep(pause)
            asked += 1
            reply = await self._transport.ask(
                request,
                timeouts=self._deadlines(channel),
                allow_private=channel.allow_private,
                limit=BODY_LIMIT,
                proxy=channel_settings.proxy_of(channel),
            )
            body = reply.body
        return body

    def _open_exchange(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("nothing is open")
        return self._exchange


def _failure(error: Unexpressible | PictureRefused | TokenRefused | TransportError) -> Failure:
    if isinstance(error, Unexpressible):
        return error.failure()
    if isinstance(error, PictureRefused):
        return Failure(FailureKind.BAD_REQUEST, str(error), code="invalid_image_url", was_sent=False, param="messages")
    if isinstance(error, TokenRefused):
        return error.failure
    was_sent = not isinstance(error, NotSent)
    return Failure(FailureKind.UPSTREAM, str(error), code=TRANSPORT, was_sent=was_sent, is_timeout=error.is_timeout)


async def _fetched(urls: Sequence[str]) -> dict[str, str]:
    """Return pictures as data URLs by their addresses; raise PictureRefused."""
    found = await picture_fetch.fetch(urls)
    return {url: f"data:{picture.mime};base64,{picture.base64}" for url, picture in found.items()}
