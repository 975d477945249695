"""The load: wrk with a Lua script, and what a process group cost meanwhile (CPU seconds, resident memory)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.programs import need

SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_KEY")
local file = io.open(os.getenv("BENCH_BODY"), "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %d, "micros": %d, "p50": %d, "p99": %d, "non2xx": %d, "broken": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """One round of load against one server."""

    requests_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms_per_request: float
    rss_mib: float
    non2xx: int
    broken: int


def cpu_seconds(pids: list[int]) -> float:
    """Return the user and system time these processes have used so far; nothing for one that has ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def rss_mib(pids: list[int]) -> float:
    """Return the resident memory of these processes together."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def run(*, url: str, key: str, body: Path, pids: list[int], seconds: int, connections: int, script: Path) -> Reading:
    """Load `url` for `seconds` and return the reading; `pids` are the processes whose cost counts."""
    wrk = need("wrk", package="wrk")
    script.write_text(SCRIPT)
    before = cpu_seconds(pids)
    done = subprocess.run(
        [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "20s", "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BENCH_KEY": key, "BENCH_BODY": str(body)},
    )
    result = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))[7:])
    used = cpu_seconds(pids) - before
    count = max(1, result["requests"])
    return Reading(
        requests_per_second=round(count / (result["micros"] / 1e6), 1),
        p50_ms=result["p50"] / 1000,
        p99_ms=result["p99"] / 1000,
        cpu_ms_per_request=round(used * 1000 / count, 4),
        rss_mib=round(rss_mib(pids), 1),
        non2xx=result["non2xx"],
        broken=result["broken"],
    )
