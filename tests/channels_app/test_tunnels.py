"""Calls through a channel's proxy reach the upstream, by names that only the proxy resolves; a tenant's proxy is no way inside."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from channels_app.contract import UpstreamRequest
from channels_app.exchange import NotSent, Timeouts
from channels_app.transport import Transport
from tests.doubles import replies
from tests.doubles.proxy import Proxy
from tests.doubles.upstream import Upstream

TIMES = Timeouts(connect=5.0, first_byte=5.0, idle=5.0, total=10.0)


@pytest.fixture
def upstream() -> Generator[Upstream, None, None]:
    with Upstream() as started:
        yield started


def request(upstream: Upstream) -> UpstreamRequest:
    return UpstreamRequest("POST", f"http://only-the-proxy-knows.test:{upstream.port}/v1/chat/completions", (), b'{"model":"m"}')


async def through(proxy: str, upstream: Upstream, *, allow_private: bool = True) -> bytes:
    async with Transport() as transport:
        answer = await transport.ask(request(upstream), timeouts=TIMES, allow_private=allow_private, limit=10_000, proxy=proxy)
        assert answer.head.status == 200
        return answer.body


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_call_goes_through_the_proxy_by_name(scheme: str, upstream: Upstream) -> None:
    with Proxy() as proxy:
        assert replies.TEXT.encode() in await through(proxy.url(scheme), upstream)
        assert proxy.asked == [("only-the-proxy-knows.test", upstream.port)]
    assert upstream.requests[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_the_proxys_user_and_password_are_sent(scheme: str, upstream: Upstream) -> None:
    with Proxy(user="shop", password="p%w") as proxy:
        await through(proxy.url(scheme).replace("p%w", "p%25w"), upstream)
        with pytest.raises(NotSent):
            await through(proxy.url(scheme).replace("p%w", "wrong"), upstream)


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_refuses_means_nothing_was_sent(scheme: str, upstream: Upstream) -> None:
    with Proxy(refuses=True) as proxy, pytest.raises(NotSent, match="proxy gave no connection"):
        await through(proxy.url(scheme), upstream)
    with pytest.raises(NotSent, match="proxy"):
        await through("socks5://127.0.0.1:9", upstream)


async def test_a_tenants_proxy_may_not_stand_inside(upstream: Upstream) -> None:
    with Proxy() as proxy:
        with pytest.raises(NotSent, match="proxy gave no connection"):
            await through(proxy.url("socks5"), upstream, allow_private=False)
        assert proxy.asked == []


async def test_calls_with_and_without_a_proxy_share_no_connection(upstream: Upstream) -> None:
    here = UpstreamRequest("POST", f"http://127.0.0.1:{upstream.port}/v1/chat/completions", (), b'{"model":"m"}')
    with Proxy() as proxy:
        async with Transport() as transport:
            for address in ("", proxy.url("socks5"), "", proxy.url("socks5")):
                await transport.ask(here, timeouts=TIMES, allow_private=True, limit=10_000, proxy=address)
        assert proxy.asked == [("127.0.0.1", upstream.port)]
    assert upstream.connections == 2
