"""Credentials are exchanged once for all workers, renewed before the token ends, and never twice at once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Generator

import pytest
import redis
from django.conf import settings

from channels_app.contract import ChannelFacts, ChannelKey, FailureKind, Secret, UpstreamRequest
from channels_app.inquiry import Inquiry
from channels_app.provider import Provider, Token, TokenRefused
from channels_app.tokens import Tokens
from channels_app.transport import Transport
from tests.doubles import replies
from tests.doubles.upstream import Upstream


class Bank(Provider):
    slug, label, has_token = "bank", "Bank", True

    def token(self, channel: ChannelFacts, key: ChannelKey, now: float) -> Inquiry[Token]:
        reply = yield UpstreamRequest("POST", f"{channel.base_url}/token", (), key.secret.reveal().encode())
        return Token(Secret(reply.json("token")), reply.json("seconds"))


BANK = Bank()


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def upstream() -> Generator[Upstream, None, None]:
    with Upstream() as started:
        yield started


@pytest.fixture
def facts(upstream: Upstream) -> ChannelFacts:
    return ChannelFacts(1, "c", 1, "bank", f"http://127.0.0.1:{upstream.port}", (), {}, allow_private=True)


def granted(name: str, seconds: int = 3600) -> replies.Reply:
    return replies.answer({"token": name, "seconds": seconds})


def key(plain: str = "credential") -> ChannelKey:
    return ChannelKey(1, Secret(plain))


def play(work: Callable[[Tokens, Tokens, Clock], Awaitable[None]], *, redis_url: str | None = None) -> None:
    """Run something with the tokens of two workers."""

    async def run() -> None:
        clock, url = Clock(), settings.REDIS_URL if redis_url is None else redis_url
        async with Transport() as transport:
            one, two = Tokens(transport, redis_url=url, clock=clock), Tokens(transport, redis_url=url, clock=clock)
            try:
                await work(one, two, clock)
            finally:
                await one.stop()
                await two.stop()

    asyncio.run(run())


def clean() -> None:
    """Forget all tokens; a Redis that says nothing gives none out either."""
    client = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5)
    with contextlib.suppress(redis.RedisError, OSError):
        for name in client.scan_iter("token:*"):
            client.delete(name)
    client.close()


@pytest.fixture(autouse=True)
def no_tokens() -> Generator[None, None, None]:
    clean()
    yield
    clean()


@pytest.mark.redis
def test_many_calls_and_two_workers_ask_once(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        found = await asyncio.gather(*(worker.get(BANK, facts, key()) for worker in (one, two) for _ in range(5)))
        assert {secret.reveal() for secret in found} == {"t1"}

    play(work)
    assert len(upstream.requests) == 1


@pytest.mark.redis
def test_what_lies_in_redis_is_sealed(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t-plain-text"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        await one.get(BANK, facts, key())

    play(work)
    client = redis.Redis.from_url(settings.REDIS_URL)
    names = list(client.scan_iter("token:*"))
    assert len(names) == 1
    assert b"t-plain-text" not in (client.get(names[0]) or b"")
    assert b"credential" not in names[0]
    client.close()


def test_a_token_is_renewed_beside_the_call_before_it_ends(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        assert (await one.get(BANK, facts, key())).reveal() == "t1"
        clock.now += 3300
        assert (await one.get(BANK, facts, key())).reveal() == "t1"
        await asyncio.gather(*one._flights.values())
        assert (await one.get(BANK, facts, key())).reveal() == "t2"

    play(work)
    assert len(upstream.requests) == 2


def test_an_ended_token_is_never_used(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        await one.get(BANK, facts, key())
        clock.now += 3600
        assert (await one.get(BANK, facts, key())).reveal() == "t2"

    play(work)


def test_another_credential_has_another_token(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        assert (await one.get(BANK, facts, key("a"))).reveal() == "t1"
        assert (await one.get(BANK, facts, key("b"))).reveal() == "t2"

    play(work)


def test_without_redis_each_worker_asks_for_itself(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        assert (await one.get(BANK, facts, key())).reveal() == "t1"
        assert (await two.get(BANK, facts, key())).reveal() == "t2"

    play(work, redis_url="redis://127.0.0.1:1/0")


def test_a_refused_credential_is_told_to_everybody_who_waits_and_asked_again_later(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(replies.error(401, "invalid_grant"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        found = await asyncio.gather(*(one.get(BANK, facts, key()) for _ in range(3)), return_exceptions=True)
        assert [error.failure.kind for error in found if isinstance(error, TokenRefused)] == [FailureKind.BAD_KEY] * 3
        assert (await one.get(BANK, facts, key())).reveal() == "t2"

    play(work, redis_url="")


@pytest.mark.redis
def test_a_refused_token_is_renewed_once_for_all_workers(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        refused = await one.get(BANK, facts, key())
        assert (await two.get(BANK, facts, key())).reveal() == "t1"
        found = await asyncio.gather(*(one.renew(BANK, facts, key(), refused=refused) for _ in range(5)))
        found.append(await two.renew(BANK, facts, key(), refused=refused))
        found.append(await two.renew(BANK, facts, key(), refused=refused))
        assert {secret.reveal() for secret in found} == {"t2"}

    play(work)
    assert len(upstream.requests) == 2


def test_a_refused_token_is_renewed_without_redis_too(upstream: Upstream, facts: ChannelFacts) -> None:
    upstream.script(granted("t1"), granted("t2"))

    async def work(one: Tokens, two: Tokens, clock: Clock) -> None:
        refused = await one.get(BANK, facts, key())
        assert (await one.renew(BANK, facts, key(), refused=refused)).reveal() == "t2"

    play(work, redis_url="")
