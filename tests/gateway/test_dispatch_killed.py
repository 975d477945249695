"""A relay killed in the middle of many calls: whoever got a complete answer has paid for it, once."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from pathlib import Path

import aiohttp
import pytest
from django.db.models import Sum

from billing import ledger
from gateway.models import UsageRecord
from tests.doubles import replies
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, PRICE, Caller, fund
from tests.gateway.fleet import fleet, post_everything

AT_ONCE = 200


async def keep_calling(session: aiohttp.ClientSession, url: str, complete: list[str], *, is_stream: bool) -> None:
    """Call again and again until the relay is gone; note the calls that were answered completely."""
    try:
        while True:
            async with session.post(f"{url}/v1/chat/completions", json={**HELLO, "stream": is_stream, "max_tokens": 20}) as response:
                body = await response.read()
                is_whole = body.endswith(b"data: [DONE]\n\n") if is_stream else response.content_length == len(body)
                if response.status == 200 and is_whole:
                    complete.append(response.headers["x-request-id"])
    except (aiohttp.ClientError, OSError):
        return


async def storm(url: str, secret: str, process: subprocess.Popen[bytes]) -> list[str]:
    """Keep 200 calls in flight, kill the relay among them, return what was answered completely."""
    complete: list[str] = []
    headers = {"authorization": f"Bearer {secret}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:
        callers = [asyncio.create_task(keep_calling(session, url, complete, is_stream=number % 2 == 0)) for number in range(AT_ONCE)]
        deadline = time.monotonic() + 30
        while len(complete) < 2 * AT_ONCE and time.monotonic() < deadline:  # noqa: ASYNC110  # nothing announces it
            await asyncio.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        await asyncio.gather(*callers)
    return complete


@pytest.mark.slow
def test_after_a_kill_every_complete_answer_is_charged_once(caller: Caller, channel: object, upstream: Upstream, tmp_path: Path) -> None:
    """W21: a relay that dies keeps no money held."""
    fund(caller.membership, 9_000_000)
    upstream.on_model("up-1", replies.stream(pause=0.01))
    with fleet(tmp_path, flushers=0) as node:
        complete = asyncio.run(storm(node.url, caller.secret, node.relays[0]))
    with fleet(tmp_path, flushers=0) as node:
        again = asyncio.run(one_call(node.url, caller.secret))
        node.stop()
    post_everything(node.spool)

    charged = {str(identifier) for identifier in UsageRecord.objects.values_list("id", flat=True)}
    spent = UsageRecord.objects.aggregate(sum=Sum("price_micros"))["sum"]
    balance = ledger.balance(membership_id=caller.membership.pk)
    assert len(complete) >= 2 * AT_ONCE
    assert {*complete, again} <= charged
    # Calls that were settled but cut off by the kill may be among them: at most one for each caller.
    assert len(charged) <= len(complete) + 1 + AT_ONCE
    assert spent == len(charged) * PRICE
    assert (balance.available_micros, balance.held_micros) == (10_000_000 - spent, 0)


async def one_call(url: str, secret: str) -> str:
    """Make one call as soon as the relay answers."""
    async with (
        aiohttp.ClientSession(headers={"authorization": f"Bearer {secret}"}) as session,
        session.post(f"{url}/v1/chat/completions", json=HELLO) as response,
    ):
        assert response.status == 200
        await response.read()
        return response.headers["x-request-id"]
