"""`python -m bench.failover`: five scripted upstreams behind two relays under load, and weights over 10,000 calls.

fast, slow, flaky (30 % errors), dead (no connection until it recovers) and out of money share one priority. What clients
see, where calls went (read from the usage log, as an operator would) and what a failover adds go to bench/results/.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from bench import failover_upstreams, stack
from bench.stack import Ground

NAMES = ("fast", "slow", "flaky", "dead", "poor")
WEIGHTS = {"one": 1, "two": 2, "seven": 7}
MODEL, WEIGHED = "storm", "weighed"


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as its client saw it; `at` is seconds after the start."""

    at: float
    ok: bool
    seconds: float
    request: str


def manage(base: Ground, *arguments: str) -> Any:
    """Run a verb of the command line and return its JSON."""
    command = [sys.executable, "manage.py", *arguments, "--json"]
    done = subprocess.run(command, cwd=stack.ROOT, env=base.environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def add_channel(base: Ground, name: str, url: str, model: str, *, weight: int = 1) -> int:
    """Add one of the upstreams and return its number."""
    where = ("--name", name, "--provider", "openai", "--base-url", url, "--key", f"sk-bench-{name}-000000")
    made = manage(base, "add_channel", *where, "--models", f"{model}=up", "--weight", str(weight))
    row = made[0] if isinstance(made, list) else made
    return int(row["channel"])


async def call(session: aiohttp.ClientSession, url: str, key: str, model: str, began: float, *, is_stream: bool) -> Seen:
    """Make one call and read its answer to the end."""
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 64, "stream": is_stream}
    start = time.monotonic()
    request = ""
    try:
        async with session.post(f"{url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}) as answer:
            text = await answer.read()
            request = answer.headers.get("x-request-id", "")
            ok = answer.status == 200 and b'"error"' not in text and (not is_stream or b"[DONE]" in text)
    except (aiohttp.ClientError, TimeoutError):
        ok = False
    return Seen(start - began, ok, time.monotonic() - start, request)


async def storm(base: Ground, urls: list[str], *, rate: float, dead_seconds: float, back_seconds: float, dead_port: int) -> list[Seen]:
    """Send calls at a steady rate, half of them streamed; the dead upstream comes back in between."""
    turns = itertools.cycle(urls)
    tasks: list[asyncio.Task[Seen]] = []
    recovered: asyncio.Server | None = None
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=60)) as session:
        began = time.monotonic()
        for number in range(int(rate * (dead_seconds + back_seconds))):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            if recovered is None and time.monotonic() - began >= dead_seconds:
                recovered = await failover_upstreams.serve(dead_port)
            tasks.append(asyncio.create_task(call(session, next(turns), base.key, MODEL, began, is_stream=number % 2 == 1)))
        found = list(await asyncio.gather(*tasks))
    if recovered is not None:
        recovered.close()
    return found


async def weighed(base: Ground, urls: list[str], *, calls: int, connections: int = 8) -> int:
    """Make so many calls over a few connections; return how many were answered."""
    turns, left = itertools.cycle(urls), iter(range(calls))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:

        async def work() -> int:
            return sum([(await call(session, next(turns), base.key, WEIGHED, 0.0, is_stream=False)).ok for _ in left])

        return sum(await asyncio.gather(*[work() for _ in range(connections)]))


def usage(base: Ground, *, at_least: int, model: str) -> list[dict[str, Any]]:
    """Read the usage log until so many calls of a model have been posted."""
    for _ in range(60):
        rows = [row for row in manage(base, "usage", "--key", base.key[:10], "--limit", "200000") if row["model"] == model]
        if len(rows) >= at_least:
            return rows
        time.sleep(1)
    raise SystemExit(f"only {len(rows)} of {at_least} calls were posted")


def percentiles(values: Iterable[float]) -> dict[str, float]:
    """Return count, median and 99th percentile in milliseconds."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return {"calls": len(ordered)}
    cuts = statistics.quantiles(ordered, n=100, method="inclusive")
    return {"calls": len(ordered), "p50_ms": round(cuts[49] * 1000, 1), "p99_ms": round(cuts[98] * 1000, 1)}


def judge(seen: list[Seen], rows: list[dict[str, Any]], channels: dict[str, int], *, dead_seconds: float) -> dict[str, Any]:
    """Put together what clients saw and what the usage log says."""
    names = {identifier: name for name, identifier in channels.items()}
    by_request = {row["id"]: row for row in rows}
    began = min(_moment(by_request[one.request]) - one.at for one in seen if one.request in by_request)
    tries: Counter[str] = Counter()
    late: Counter[str] = Counter()
    back: list[float] = []
    for row in rows:
        at = _moment(row) - began
        # A call that nobody answered has no channel.
        for channel in (*row["tried"], *([row["channel"]] if row["channel"] is not None else ())):
            tries[names[channel]] += 1
            if 10 <= at < dead_seconds:
                late[names[channel]] += 1
        if names.get(row["channel"]) == "dead":
            back.append(at - dead_seconds)
    by_tries = {
        f"{count + 1} tries": percentiles(
            one.seconds for one in seen if one.ok and len(by_request.get(one.request, {"tried": ()})["tried"]) == count
        )
        for count in range(3)
    }
    after = [row for row in rows if _moment(row) - began >= dead_seconds + 30]
    return {
        "calls": len(seen),
        "success": round(sum(one.ok for one in seen) / len(seen), 6),
        "failed": sum(not one.ok for one in seen),
        "tries": dict(tries),
        "dead_share_after_10_s": round(late["dead"] / max(1, sum(late.values())), 5),
        "back_after_seconds": round(min(back), 2) if back else None,
        "dead_share_30_s_after_recovery": round(sum(names.get(row["channel"]) == "dead" for row in after) / max(1, len(after)), 3),
        "latency": {"all": percentiles(one.seconds for one in seen if one.ok), **by_tries},
    }


def _moment(row: dict[str, Any]) -> float:
    return datetime.datetime.fromisoformat(row["created_at"]).timestamp()


async def _run(base: Ground, urls: list[str], port: int, chosen: argparse.Namespace) -> dict[str, Any]:
    server = await failover_upstreams.serve(port)
    dead_port = stack.free_port()
    ports = {name: dead_port if name == "dead" else port for name in NAMES}
    channels = {name: add_channel(base, name, f"http://127.0.0.1:{ports[name]}/{name}/v1", MODEL) for name in NAMES}
    heavy = {name: add_channel(base, name, f"http://127.0.0.1:{port}/fast/v1", WEIGHED, weight=weight) for name, weight in WEIGHTS.items()}
    for model in (MODEL, WEIGHED):
        manage(base, "set_price", "--model", model, "--input", "2.5", "--output", "10")
    await asyncio.sleep(2)
    times = {"dead_seconds": chosen.dead_seconds, "back_seconds": chosen.back_seconds}
    seen = await storm(base, urls, rate=chosen.rate, dead_port=dead_port, **times)
    answered = await weighed(base, urls, calls=chosen.calls)
    server.close()
    rows = await asyncio.to_thread(usage, base, at_least=sum(one.ok for one in seen), model=MODEL)
    shares = Counter(row["channel"] for row in await asyncio.to_thread(usage, base, at_least=answered, model=WEIGHED))
    total = sum(WEIGHTS.values())
    return {
        "storm": judge(seen, rows, channels, dead_seconds=chosen.dead_seconds),
        "weights": {name: {"wished": weight / total, "got": round(shares[heavy[name]] / answered, 4)} for name, weight in WEIGHTS.items()},
        "weighed_calls": answered,
    }


def main() -> None:
    """Run both parts, print and keep the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=float, default=50.0)
    options.add_argument("--dead-seconds", type=float, default=40.0)
    options.add_argument("--back-seconds", type=float, default=60.0)
    options.add_argument("--calls", type=int, default=10_000)
    chosen = options.parse_args()
    with ExitStack() as exits:
        base = exits.enter_context(stack.ground())
        exits.enter_context(stack.flusher(base))
        urls = [exits.enter_context(stack.relay(base)).url for _ in range(2)]
        result = asyncio.run(_run(base, urls, stack.free_port(), chosen))
    result = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "options": vars(chosen), "load": os.getloadavg(), **result}
    target = Path(__file__).parent / "results" / f"failover-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json"
    target.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    print(f"\nraw figures: {target}")


if __name__ == "__main__":
    main()
