"""The load: HTTP clients that keep calling, note every answer that came whole, and sometimes hang up."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

MOST_TOKENS = 40


@dataclass(slots=True)
class Outcome:
    """What the clients saw: request id → (sub-key, output tokens) of each whole answer, and how the others ended."""

    whole: dict[str, tuple[str, int]] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)


async def load(*, url: str, keys: list[str], clients: int, stop: asyncio.Event, outcome: Outcome, seed: int) -> None:
    """Run `clients` clients until `stop` is set; every call is written down in `outcome`."""
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(_client(session, url, keys, stop, outcome, random.Random(seed + n)) for n in range(clients)))  # noqa: S311


async def _client(
    session: aiohttp.ClientSession, url: str, keys: list[str], stop: asyncio.Event, outcome: Outcome, chance: random.Random
) -> None:
    while not stop.is_set():
        key, tokens = chance.choice(keys), chance.randint(1, MOST_TOKENS)
        is_stream, hangs_up = chance.random() < 0.5, chance.random() < 0.1
        marker = f"m{chance.getrandbits(64):x}"
        body = {"model": "chaos", "stream": is_stream, "max_tokens": 64, "messages": [{"role": "user", "content": f"{marker} {tokens}"}]}
        try:
            async with session.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}) as answer:
                if answer.status != 200:
                    outcome.others[f"status {answer.status}"] += 1
                    await asyncio.sleep(0.05)
                    continue
                if hangs_up:
                    await answer.content.read(200)
                    outcome.others["hung up"] += 1
                    continue
                text = await answer.read()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            outcome.others[type(error).__name__] += 1
            await asyncio.sleep(0.05)
            continue
        if _is_whole(text, is_stream):
            outcome.whole[answer.headers["x-request-id"]] = (key, tokens)
        else:
            outcome.others["cut"] += 1


def _is_whole(text: bytes, is_stream: bool) -> bool:
    if not is_stream:
        return text.rstrip().endswith(b"}") and b'"usage"' in text
    return b'data: {"error"' not in text and text.rstrip().endswith(b"data: [DONE]")
