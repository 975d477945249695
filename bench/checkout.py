"""Measure checkout on the demo's data at a steady rate: product page, placing the order, its page, giving it up.

The pages' process is started as `manage.py up` starts it and asked over its socket, as the relay asks it. Buyers start evenly and
do a step a second; a step's delay counts from the moment it was due, so that waiting in a queue is not left out.

Run: python -m bench.checkout [--rate 50] [--seconds 20] [--processes 2]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import aiohttp

from bench.load import cpu_seconds, rss_mib
from console.start import children
from foundation import embedded

ROOT = Path(__file__).resolve().parent.parent
HOST = "localhost:8000"
STEPS = ("product page", "placing the order", "order page", "giving it up")
PRODUCTS = ("credit-5", "credit-10")
_PREPARE = "import django; django.setup(); from console.start.preparation import prepare; prepare(8000)"


class Readings:
    """Delays in seconds by step, and what was answered."""

    def __init__(self) -> None:
        self.delays: dict[str, list[float]] = defaultdict(list)
        self.statuses: Counter[str] = Counter()


async def buyer(number: int, place: Path, readings: Readings) -> None:
    """Go through the four steps, a second apart; the clock of each starts when it is due."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    headers = {"host": HOST, "x-real-ip": address, "x-forwarded-for": address}
    slug, email, due = PRODUCTS[number % len(PRODUCTS)], f"buyer{number}@example.com", time.monotonic()
    async with aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(str(place)), headers=headers, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(30)
    ) as session:
        path = f"/p/{slug}/"
        cookies: dict[str, str] = {}
        for step in STEPS:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            form = {"quantity": "1", "email": email, "contact": "", "choice": slug} if step == "placing the order" else {}
            sent = {**cookies, "csrftoken": cookies.get("csrftoken", "")}
            method = "POST" if step in {"placing the order", "giving it up"} else "GET"
            where = f"{path}cancel/" if step == "giving it up" else path
            extra = {"cookie": "; ".join(f"{k}={v}" for k, v in sent.items() if v), "x-csrftoken": sent["csrftoken"]}
            async with session.request(method, f"http://{HOST}{where}", data=form or None, headers=extra, allow_redirects=False) as answer:
                await answer.read()
            readings.delays[step].append(time.monotonic() - due)
            readings.statuses[f"{step}: {answer.status}"] += 1
            cookies |= {name: morsel.value for name, morsel in answer.cookies.items()}
            path = answer.headers.get("location", path) if step == "placing the order" else path
            due += 1.0


async def steady(place: Path, *, rate: float, seconds: float, first: int) -> Readings:
    """Let buyers begin so that together they make `rate` requests a second."""
    readings, began = Readings(), time.monotonic()
    async with asyncio.TaskGroup() as group:
        for index in range(int(rate / len(STEPS) * seconds)):
            await asyncio.sleep(max(0.0, began + index * len(STEPS) / rate - time.monotonic()))
            group.create_task(buyer(first + index, place, readings))
    return readings


def percentile(delays: list[float], share: float) -> float:
    """Return a percentile in milliseconds."""
    return sorted(delays)[min(len(delays) - 1, int(len(delays) * share))] * 1000


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *itertools.chain.from_iterable(family(int(one)) for one in below)]


def report(readings: Readings, cpu: float, memory: float) -> None:
    """Print a row for each step and for all."""
    everything = list(itertools.chain.from_iterable(readings.delays.values()))
    for name, delays in [*readings.delays.items(), ("all", everything)]:
        p50, p95, p99 = (percentile(delays, share) for share in (0.5, 0.95, 0.99))
        print(f"{name:<20} {len(delays):5} requests   p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   p99 {p99:7.1f} ms")
    print(f"CPU of the pages {cpu / len(everything) * 1000:.1f} ms a request, memory {memory:.0f} MiB")
    print("answers", dict(sorted(readings.statuses.items())), "load", os.getloadavg(), "cores", os.cpu_count())


def measure(folder: Path, *, rate: float, seconds: float, processes: int) -> None:
    """Start databases and pages in a folder, warm them and measure."""
    layout = children.Layout(root=ROOT, var=folder / "var", relays=1, pages=processes, relay_grace_seconds=2)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "KEYOSK_VAR_DIR": str(layout.var),
        "KEYOSK_DEMO": "1",
        "PYTHONPATH": str(ROOT),
    }
    with embedded.servers(layout.var):
        subprocess.run([sys.executable, "-c", _PREPARE], cwd=ROOT, check=True)
        pages = next(child for child in children.workers(layout) if child.name == "pages")
        with (
            (folder / "pages.log").open("wb") as log,
            subprocess.Popen(pages.argv, cwd=ROOT, env=pages.env, stdout=log, stderr=log) as process,
        ):
            try:
                while process.poll() is None and not pages.ready():
                    time.sleep(0.1)
                asyncio.run(steady(layout.pages_socket, rate=rate / 4, seconds=6, first=0))
                before = cpu_seconds(family(process.pid))
                readings = asyncio.run(steady(layout.pages_socket, rate=rate, seconds=seconds, first=1_000))
                processes_now = family(process.pid)
                report(readings, cpu_seconds(processes_now) - before, rss_mib(processes_now))
            finally:
                process.terminate()


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rate", type=float, default=50)
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--processes", type=int, default=2, help="of the pages; as shipped: 2")
    chosen = options.parse_args()
    for name in ("DATABASE_URL", "REDIS_URL", "KEYOSK_PAGES_SOCKET"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="keyosk-checkout-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        measure(folder, rate=chosen.rate, seconds=chosen.seconds, processes=chosen.processes)


if __name__ == "__main__":
    main()
