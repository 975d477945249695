"""`make bench`: Keyosk's relay beside a bare proxy and the mock upstream itself, in paired rounds of one run.

Prints requests/s, p50, p99, CPU per request and memory with the ratios; writes raw figures and the machine's facts to bench/results/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from bench import load, stack

SIZES = {"0.25 KB": 250, "10 KB": 10_000, "300 KB": 300_000}
Readings = dict[str, list[load.Reading]]


def request_body(*, model: str, is_stream: bool, size: int) -> bytes:
    """Return a chat request of about `size` bytes."""
    request = {"model": model, "messages": [{"role": "user", "content": ""}], "max_tokens": 256, "stream": is_stream}
    filler = max(1, size - len(json.dumps(request)))
    request["messages"] = [{"role": "user", "content": ("lorem ipsum " * (filler // 12 + 1))[:filler]}]
    return json.dumps(request).encode()


def _body(folder: Path, *, model: str, is_stream: bool, size: int) -> Path:
    path = folder / f"{model}-{size}.json"
    path.write_bytes(request_body(model=model, is_stream=is_stream, size=size))
    return path


def _case(servers: stack.Stack, body: Path, *, kind: str, rounds: int, seconds: int, connections: int, folder: Path) -> Readings:
    """Measure the three servers in turn, `rounds` times, so that noise meets all of them alike."""
    readings: Readings = {"upstream": [], "bare": [], "keyosk": []}
    for _ in range(rounds):
        for name, server in (("upstream", servers.upstream), ("bare", servers.bare), ("keyosk", servers.keyosk)):
            path = "/v1/chat/completions" if name == "keyosk" else f"/{kind}/v1/chat/completions"
            reading = load.run(
                url=server.url + path,
                key=servers.key,
                body=body,
                pids=server.pids,
                seconds=seconds,
                connections=connections,
                script=folder / "load.lua",
            )
            readings[name].append(reading)
    return readings


def _ratios(readings: Readings) -> list[float]:
    return [k.requests_per_second / b.requests_per_second for k, b in zip(readings["keyosk"], readings["bare"], strict=True)]


def _report(title: str, readings: Readings) -> None:
    print(f"\n{title}")
    print(f"  {'server':<10}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms/req':>12}{'RSS MiB':>9}{'failed':>8}")
    for name, rounds in readings.items():
        middle = {field: statistics.median(getattr(r, field) for r in rounds) for field in load.Reading.__slots__}
        print(
            f"  {name:<10}{middle['requests_per_second']:>12,.0f}{middle['p50_ms']:>9.2f}{middle['p99_ms']:>9.2f}"
            f"{middle['cpu_ms_per_request']:>12.3f}{middle['rss_mib']:>9.0f}{sum(r.non2xx + r.broken for r in rounds):>8}"
        )
    ratios = _ratios(readings)
    print(f"  governed / bare: {statistics.median(ratios):.2f} (range {min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} paired rounds)")


def _facts() -> dict[str, object]:
    model = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), ""
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load": os.getloadavg(),
    }


def main() -> None:
    """Run every case and write the result."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--connections", type=int, default=32)
    options.add_argument("--sizes", default="0.25 KB,10 KB,300 KB")
    chosen = options.parse_args()
    results: dict[str, object] = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "machine": _facts(), "options": vars(chosen)}
    cases: dict[str, object] = {}
    with stack.start() as servers, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("plain", "stream"):
            for size in chosen.sizes.split(","):
                title = f"{'streamed' if kind == 'stream' else 'not streamed'}, {size} request"
                body = _body(folder, model=f"bench-{kind}", is_stream=kind == "stream", size=SIZES[size])
                rounds, seconds, connections = chosen.rounds, chosen.seconds, chosen.connections
                readings = _case(servers, body, kind=kind, rounds=rounds, seconds=seconds, connections=connections, folder=folder)
                _report(title, readings)
                raw = {server: [asdict(reading) for reading in rows] for server, rows in readings.items()}
                cases[title] = {**raw, "governed_by_bare": [round(r, 4) for r in _ratios(readings)]}
    results["cases"] = cases
    target = Path(__file__).parent / "results" / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nraw figures: {target}")


if __name__ == "__main__":
    main()
