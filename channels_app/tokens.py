"""Tokens that credentials are exchanged for: asked for once, kept by all workers, renewed before they end.

In memory first: a warm call costs neither SQL nor Redis. Then in Redis, sealed, so that one worker's token serves all;
without Redis each worker asks for its own. Raises TokenRefused and TransportError.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import redis.asyncio

from channels_app import channel_settings
from channels_app.contract import ChannelFacts, ChannelKey, Failure, FailureKind, Secret
from channels_app.exchange import Timeouts
from channels_app.inquiry import NoAnswer, Reply
from channels_app.provider import Provider, Token, TokenRefused
from channels_app.transport import Transport
from foundation import silence, vault

log = logging.getLogger("keyosk.relay")

_CONTEXT = "upstream-token"
_TIMEOUTS = Timeouts(connect=10.0, first_byte=20.0, idle=10.0, total=30.0)
_REDIS_SECONDS = 0.2
_LOCK_SECONDS = 35
_POLL_SECONDS = 0.1
_REPLY_LIMIT = 256 * 1024
# A token is renewed in its last tenth, at least this long before its end, and not used in its last seconds.
_MARGIN_SECONDS = 60.0
_LAST_SECONDS = 5.0
_MOST_STEPS = 5


@dataclass(frozen=True, slots=True)
class _Held:
    secret: Secret
    renew_at: float
    ends_at: float


class Tokens:
    """The tokens of one process. `clock` gives unix seconds."""

    def __init__(self, transport: Transport, *, redis_url: str = "", clock: Callable[[], float] = time.time) -> None:
        self._transport = transport
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._flights: dict[str, asyncio.Task[Secret]] = {}
        self._names: dict[tuple[str, str, str], str] = {}
        self._url = redis_url
        self._redis = (
            redis.asyncio.Redis.from_url(redis_url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS)
            if redis_url
            else None
        )

    async def stop(self) -> None:
        """Let go of what is under way and of Redis."""
        for flight in self._flights.values():
            flight.cancel()
        await asyncio.gather(*self._flights.values(), return_exceptions=True)
        if self._redis is not None:
            await self._redis.aclose()

    async def get(self, provider: Provider, channel: ChannelFacts, key: ChannelKey) -> Secret:
        """Return a token that is good now; a renewal that is due goes on beside the call."""
        name = self._name(provider, channel, key)
        held, now = self._held.get(name), self._clock()
        if held is not None and now < held.renew_at:
            return held.secret
        flight = self._flights.get(name)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(self._find(name, provider, channel, key))
            self._flights[name] = flight
            flight.add_done_callback(lambda done: self._land(name, done))
        if held is not None and now < held.ends_at - _LAST_SECONDS:
            return held.secret
        return await asyncio.shield(flight)

    async def renew(self, provider: Provider, channel: ChannelFacts, key: ChannelKey, *, refused: Secret) -> Secret:
        """Return another token than the one the vendor refused; of many who were refused the same, one asks."""
        name = self._name(provider, channel, key)
        held = self._held.get(name)
        if held is not None and held.secret.reveal() == refused.reveal() and name not in self._flights:
            del self._held[name]
            shared = await self._shared(name)
            if self._redis is not None and shared is not None and shared.secret.reveal() == refused.reveal():
                with contextlib.suppress(silence.Silent), silence.asking(self._url):
                    await self._redis.delete(name)
        return await self.get(provider, channel, key)

    def _land(self, name: str, flight: asyncio.Task[Secret]) -> None:
        self._flights.pop(name, None)
        if not flight.cancelled() and (error := flight.exception()) is not None:
            log.warning("no upstream token", extra={"reason": type(error).__name__})

    def _name(self, provider: Provider, channel: ChannelFacts, key: ChannelKey) -> str:
        """Return the token's name: it changes with the credential and the address, and tells nothing of them."""
        parts = (provider.slug, channel.base_url, key.secret.reveal())
        name = self._names.get(parts)
        if name is None:
            name = self._names[parts] = "token:" + vault.digest("\0".join(parts), purpose=_CONTEXT)
        return name

    async def _find(self, name: str, provider: Provider, channel: ChannelFacts, key: ChannelKey) -> Secret:
        """Take what another worker has, else ask, unless another worker is asking."""
        held = await self._shared(name)
        if held is None and not await self._lock(name):
            held = await self._wait(name)
        if held is None:
            try:
                held = _hold(await self._exchange(provider, channel, key), self._clock())
                await self._share(name, held)
            finally:
                await self._unlock(name)
        self._held[name] = held
        return held.secret

    async def _exchange(self, provider: Provider, channel: ChannelFacts, key: ChannelKey) -> Token:
        """Play the vendor's generator: send what it yields, give it the replies."""
        steps = provider.token(channel, key, self._clock())
        status = 0
        try:
            request = next(steps)
            for _ in range(_MOST_STEPS):
                head, body = await self._transport.ask(
                    request,
                    timeouts=_TIMEOUTS,
                    allow_private=channel.allow_private,
                    limit=_REPLY_LIMIT,
                    proxy=channel_settings.proxy_of(channel),
                )
                status = head.status
                request = steps.send(Reply(status, body))
        except StopIteration as stop:
            token: Token = stop.value
            return token
        except NoAnswer as error:
            kind = FailureKind.BAD_KEY if status in {400, 401, 403} else FailureKind.UPSTREAM
            raise TokenRefused(Failure(kind, f"no token: {error}", status=status)) from error
        raise TokenRefused(Failure(FailureKind.UPSTREAM, "the exchange of the credential does not end"))

    async def _shared(self, name: str) -> _Held | None:
        sealed: bytes | str | None = None
        if self._redis is not None:
            with contextlib.suppress(silence.Silent), silence.asking(self._url):
                sealed = await self._redis.get(name)
        if not sealed:
            return None
        try:
            text = sealed if isinstance(sealed, str) else sealed.decode()
            secret, renew_at, ends_at = orjson.loads(vault.unseal(text, context=_CONTEXT))
        except (vault.CannotUnseal, ValueError):
            return None
        return _Held(Secret(secret), renew_at, ends_at) if self._clock() < renew_at else None

    async def _lock(self, name: str) -> bool:
        """Tell whether it is ours to ask: nobody else is, or nobody can know."""
        if self._redis is None:
            return True
        try:
            with silence.asking(self._url):
                return bool(await self._redis.set(f"{name}:lock", b"1", nx=True, ex=_LOCK_SECONDS))
        except silence.Silent:
            return True

    async def _wait(self, name: str) -> _Held | None:
        """Wait for the worker that is asking; give up when it takes too long."""
        for _ in range(int(_TIMEOUTS.total / _POLL_SECONDS)):
            await asyncio.sleep(_POLL_SECONDS)
            held = await self._shared(name)
            if held is not None or await self._lock(name):
                return held
        return None

    async def _share(self, name: str, held: _Held) -> None:
        if self._redis is None:
            return
        seconds = int(held.ends_at - self._clock())
        sealed = vault.seal(orjson.dumps([held.secret.reveal(), held.renew_at, held.ends_at]).decode(), context=_CONTEXT)
        with contextlib.suppress(silence.Silent), silence.asking(self._url):
            if seconds > 0:
                await self._redis.set(name, sealed, ex=seconds)

    async def _unlock(self, name: str) -> None:
        if self._redis is not None:
            with contextlib.suppress(silence.Silent), silence.asking(self._url):
                await self._redis.delete(f"{name}:lock")


def _hold(token: Token, now: float) -> _Held:
    margin = max(_MARGIN_SECONDS, token.lifetime_seconds / 10)
    return _Held(token.secret, now + max(0.0, token.lifetime_seconds - margin), now + token.lifetime_seconds)
