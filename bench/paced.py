"""What a call adds where nothing is short: delay at a steady 200 requests/s, frames of paced streams, memory under large bodies.

Upstream takes 50 ms for a whole answer and sends streams at 20 frames/s. Delays are of the load generator's clock; frames say
when they were sent. The bare proxy and the upstream itself are measured the same way, in turn.

Run: python -m bench.paced [--seconds 10] [--streams 200] [--soak-seconds 60]
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import tempfile
import time
from pathlib import Path

import aiohttp

from bench import load, stack
from bench.run import request_body

RATE = 200
_SENT = re.compile(rb'"content":"(\d+\.\d+) "')


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


async def _whole(session: aiohttp.ClientSession, url: str, body: bytes, delays: list[float]) -> None:
    began = time.monotonic()
    async with session.post(url, data=body) as answer:
        await answer.read()
        if answer.status != 200:
            raise SystemExit(f"{url} answered {answer.status}")
    delays.append(time.monotonic() - began)


async def _stream(session: aiohttp.ClientSession, url: str, body: bytes, delays: list[float]) -> None:
    async with session.post(url, data=body) as answer:
        if answer.status != 200:
            raise SystemExit(f"{url} answered {answer.status}")
        async for piece in answer.content.iter_any():
            now = time.monotonic()
            delays += [now - float(sent) for sent in _SENT.findall(piece)]


def _session(key: str) -> aiohttp.ClientSession:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers)


async def _steady(url: str, key: str, body: bytes, seconds: int) -> list[float]:
    """Return the delays of calls that begin at a steady rate, whatever becomes of the ones before."""
    delays: list[float] = []
    async with _session(key) as session, asyncio.TaskGroup() as calls:
        due = time.monotonic()
        for _ in range(RATE * seconds):
            calls.create_task(_whole(session, url, body, delays))
            due += 1 / RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
    return delays


async def _streams(url: str, key: str, body: bytes, count: int) -> list[float]:
    """Return the delays of all frames of so many streams that begin within a second."""
    delays: list[float] = []
    async with _session(key) as session, asyncio.TaskGroup() as calls:
        for _ in range(count):
            calls.create_task(_stream(session, url, body, delays))
            await asyncio.sleep(1 / count)
    return delays


def _url(name: str, server: stack.Server, kind: str) -> str:
    return server.url + ("/v1/chat/completions" if name == "keyosk" else f"/{kind}/v1/chat/completions")


def _report(title: str, delays: list[float], direct: list[float], rest: str = "") -> None:
    middle, late = _percentile(delays, 0.5), _percentile(delays, 0.99)
    added = f"adds {middle - _percentile(direct, 0.5):6.2f} / {late - _percentile(direct, 0.99):6.2f} ms" if direct is not delays else ""
    print(f"  {title:<10} p50 {middle:7.2f} ms   p99 {late:7.2f} ms   {added} {rest}", flush=True)


def _latency(servers: stack.Stack, seconds: int) -> None:
    print(f"\n{RATE} requests/s, upstream answers after 50 ms")
    body = request_body(model="bench-plain", is_stream=False, size=250)
    direct: list[float] = []
    for name, server in (("upstream", servers.upstream), ("bare", servers.bare), ("keyosk", servers.keyosk)):
        asyncio.run(_steady(_url(name, server, "plain"), servers.key, body, 2))  # warm
        delays = asyncio.run(_steady(_url(name, server, "plain"), servers.key, body, seconds))
        direct = direct or delays
        _report(name, delays, direct)


def _frames(servers: stack.Stack, count: int) -> None:
    print(f"\n{count} streams of 20 frames/s")
    body = request_body(model="bench-stream", is_stream=True, size=250)
    direct: list[float] = []
    for name, server in (("upstream", servers.upstream), ("bare", servers.bare), ("keyosk", servers.keyosk)):
        before = load.cpu_seconds(server.pids)
        delays = asyncio.run(_streams(_url(name, server, "stream"), servers.key, body, count))
        micros = (load.cpu_seconds(server.pids) - before) / len(delays) * 1e6
        direct = direct or delays
        _report(name, delays, direct, f"{micros:6.1f} CPU µs a frame, {1e6 / micros:8,.0f} frames/s on one core")


def _soak(servers: stack.Stack, seconds: int) -> None:
    """Load with large bodies in short rounds and fit a line through the memory of the last two thirds."""
    points: list[tuple[float, float]] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        body = Path(name) / "body.json"
        body.write_bytes(request_body(model="bench-plain", is_stream=False, size=300_000))
        while time.monotonic() - began < seconds:
            load.run(
                url=_url("keyosk", servers.keyosk, "plain"),
                key=servers.key,
                body=body,
                pids=servers.keyosk.pids,
                seconds=2,
                connections=16,
                script=Path(name) / "load.lua",
            )
            points.append((time.monotonic() - began, load.rss_mib(servers.keyosk.pids)))
    late = points[len(points) // 3 :]
    slope, _ = statistics.linear_regression([at for at, _ in late], [size for _, size in late])
    print(
        f"\n300 KB bodies for {seconds} s: {points[0][1]:.0f} MiB at first, {points[-1][1]:.0f} MiB at last, {slope * 60:+.2f} MiB a minute"
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=10)
    options.add_argument("--streams", type=int, default=200)
    options.add_argument("--soak-seconds", type=int, default=60)
    chosen = options.parse_args()
    with stack.start(is_slow=True) as servers:
        _latency(servers, chosen.seconds)
        _frames(servers, chosen.streams)
        _soak(servers, chosen.soak_seconds)


if __name__ == "__main__":
    main()
