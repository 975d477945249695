"""Hold sub-keys, customers and shops to their rates: counted in memory, exchanged over Redis in the background.

Nothing here waits on the path of a call. Redis slow or away: 100 ms, then a pause of a second; meanwhile every process
holds them to its share of each limit.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import redis
import redis.asyncio
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from billing.limits import Rate, fits
from foundation import silence
from gateway import process
from gateway.errors import RelayError
from gateway.limiter import WINDOW_SECONDS, Lane, Limiter, Refused
from gateway.requests import LeanRequest, lean

log = logging.getLogger("keyosk.relay")

_EXCHANGE_SECONDS = 0.05
_TIMEOUT_SECONDS = 0.1
_PAUSE_SECONDS = 1.0
# Calls that run long are repeated this often; what was not repeated for 15 s belonged to a process that is gone.
_REMIND_SECONDS = 5.0

# For each key: add what is new here, note how many calls run here, and return what all processes together counted.
_SCRIPT = """
local now = redis.call('TIME')
local seconds = tonumber(now[1])
local minute = math.floor(seconds / 60)
local answer = {minute}
for i = 1, #KEYS do
  local base = (i - 1) * 3 + 2
  local counts = KEYS[i] .. ':' .. minute
  local requests = redis.call('HINCRBY', counts, 'r', ARGV[base])
  local tokens = redis.call('HINCRBY', counts, 't', ARGV[base + 1])
  redis.call('EXPIRE', counts, 120)
  local running = KEYS[i] .. ':running'
  redis.call('HSET', running, ARGV[1], ARGV[base + 2] .. ':' .. seconds)
  redis.call('EXPIRE', running, 3600)
  local elsewhere = 0
  local all = redis.call('HGETALL', running)
  for j = 1, #all, 2 do
    local count, at = string.match(all[j + 1], '(%d+):(%d+)')
    if seconds - tonumber(at) > 15 then
      redis.call('HDEL', running, all[j])
    elseif all[j] ~= ARGV[1] then
      elsewhere = elsewhere + tonumber(count)
    end
  end
  answer[#answer + 1] = requests
  answer[#answer + 1] = tokens
  answer[#answer + 1] = elsewhere
end
return answer
"""


_WHOSE = {"key": "this API key", "customer": "this account", "tenant": "this service"}


class Seat:
    """A call's place in every lane that counts it: given back exactly once."""

    __slots__ = ("_clock", "_is_left", "_limiter", "_taken")

    def __init__(self, limiter: Limiter, *, clock: Callable[[], float]) -> None:
        self._limiter = limiter
        self._clock = clock
        self._taken: list[tuple[Lane, Rate]] = []
        self._is_left = False

    def take(self, rates: Sequence[Rate]) -> None:
        """Count the call by these rates as well, by all or by none. Raises Refused."""
        self._taken += zip(self._limiter.enter(rates, now=self._clock()), rates, strict=True)

    def leave(self, *, tokens: int = 0) -> None:
        """End the call; `tokens` is what it consumed."""
        if not self._is_left:
            self._is_left = True
            for lane, _ in self._taken:
                if tokens:
                    self._limiter.spend(lane, tokens, now=self._clock())
                self._limiter.leave(lane)

    def headers(self) -> Iterator[tuple[str, str]]:
        """Say what is left, under the names that SDKs know."""
        return limit_headers(self._taken, now=self._clock())


def limit_headers(taken: Iterable[tuple[Lane, Rate]], *, now: float) -> Iterator[tuple[str, str]]:
    """Yield the x-ratelimit headers: of the limits that are set, those that leave the least."""
    pairs = list(taken)
    reset = f"{WINDOW_SECONDS - int(now) % WINDOW_SECONDS}s"
    requests = [(max(0, rate.rpm - lane.requests), rate.rpm) for lane, rate in pairs if rate.rpm is not None]
    tokens = [(max(0, rate.tpm - lane.tokens), rate.tpm) for lane, rate in pairs if rate.tpm is not None]
    for name, found in (("requests", requests), ("tokens", tokens)):
        if found:
            remaining, limit = min(found)
            yield f"x-ratelimit-limit-{name}", str(limit)
            yield f"x-ratelimit-remaining-{name}", str(remaining)
            yield f"x-ratelimit-reset-{name}", reset


class RateThrottle(BaseThrottle):
    """Requests a minute, tokens a minute and calls at once: of the sub-key, its customer and its shop."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        """Take a place; raise RelayError (429) when there is none. Calls without limits need none."""
        asked = lean(request)
        if asked.rates:
            _take(asked, [rate for rate in asked.rates if not rate.models])
        return True


def count_model(request: LeanRequest, model: str) -> None:
    """Take a place by the rates for models, once the model is known; raise RelayError (429) when there is none."""
    _take(request, [rate for rate in request.rates if rate.models and fits(rate.models, model)])


def _take(request: LeanRequest, rates: Sequence[Rate]) -> None:
    if not rates:
        return
    relay = process.current()
    seat = request.seat or Seat(relay.limiter, clock=relay.clock)
    try:
        seat.take(rates)
    except Refused as refused:
        raise _refusal(relay.limiter, refused, now=relay.clock()) from None
    request.seat = seat


def _refusal(limiter: Limiter, refused: Refused, *, now: float) -> RelayError:
    rate = refused.rate
    subject = _WHOSE[rate.scope] + (f" for {rate.models}" if rate.models else "")
    details: dict[str, Any] = {"limit": refused.limit, "scope": rate.scope, **({"models": rate.models} if rate.models else {})}
    return RelayError(
        "rate_limit_exceeded",
        f"The limit of {refused.limit} of {subject} is reached.",
        retry_after_seconds=refused.retry_after_seconds,
        headers=dict(limit_headers([(limiter.lanes[rate.name], rate)], now=now)),
        **details,
    )


class Exchange:
    """The background task that tells Redis what was counted here and learns what was counted elsewhere."""

    def __init__(self, limiter: Limiter, *, redis_url: str, processes: int = 1) -> None:
        self._limiter = limiter
        self._processes = processes
        self._worker = uuid.uuid4().hex
        self._client = redis.asyncio.Redis.from_url(redis_url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS)
        self._script = self._client.register_script(_SCRIPT)
        self.is_down = False

    async def run(self) -> None:
        """Exchange until cancelled."""
        reminded = time.monotonic()
        try:
            while True:
                await asyncio.sleep(_PAUSE_SECONDS if self.is_down else _EXCHANGE_SECONDS)
                if time.monotonic() - reminded > _REMIND_SECONDS:
                    reminded = time.monotonic()
                    self._limiter.remind()
                if self._limiter.dirty:
                    await self._try_exchange()
        finally:
            await self.stop()

    async def stop(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _try_exchange(self) -> None:
        try:
            await self.exchange()
        except (redis.RedisError, OSError) as error:
            silence.heed_cancellation()
            if not self.is_down:
                log.warning("rate limits are counted by this process alone", extra={"error": type(error).__name__})
            self.is_down = True
        else:
            self.is_down = False
        self._limiter.share = self._processes if self.is_down else 1

    async def exchange(self) -> None:
        """Tell and learn once; what could not be told is lost for the others, never for this process."""
        news = self._limiter.take_news()
        arguments: list[Any] = [self._worker]
        for _, requests, tokens, running in news:
            arguments += (requests, tokens, running)
        answer = await self._script(keys=[f"keyosk:limit:{name}" for name, *_ in news], args=arguments)
        minute = int(answer[0])
        for index, (name, *_) in enumerate(news):
            requests, tokens, elsewhere = answer[1 + index * 3 : 4 + index * 3]
            self._limiter.learn(name, minute=minute, requests=int(requests), tokens=int(tokens), elsewhere=int(elsewhere))
        self._limiter.forget(self._limiter.idle(now=time.time()))
