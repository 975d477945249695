"""What posting costs the relay: the same load with the flusher running and without one, in paired rounds of one run.

Run: python -m bench.settle_share [--rounds 5] [--seconds 6] [--connections 32]

Prints requests/s of both, their ratio, and the CPU per call of the relay, the flusher and PostgreSQL. On few cores the
ratio holds all of it: the flusher and the database take their time from the relay.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import load, stack
from bench.run import request_body
from gateway import tails

PARTS = ("relay", "flusher", "postgres")


@dataclass(frozen=True, slots=True)
class Round:
    """One reading, and the CPU of each part in ms per call."""

    reading: load.Reading
    cpu_ms: dict[str, float]


def main() -> None:
    """Measure, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--seconds", type=int, default=6)
    options.add_argument("--connections", type=int, default=32)
    chosen = options.parse_args()
    rounds: dict[bool, list[Round]] = {True: [], False: []}
    with stack.ground() as base, stack.relay(base) as relay:
        request = base.folder / "request.json"
        request.write_bytes(request_body(model="bench-plain", is_stream=False, size=250))
        for number in range(chosen.rounds):
            for is_posting in (True, False) if number % 2 else (False, True):
                with _posting(base) if is_posting else contextlib.nullcontext(0) as flusher:
                    rounds[is_posting].append(_measure(base, relay, flusher, request, chosen.seconds, chosen.connections))
    for is_posting, title in ((True, "posting"), (False, "not posting")):
        made = rounds[is_posting]
        cpu = "  ".join(f"{part} {statistics.median(one.cpu_ms[part] for one in made):.3f}" for part in PARTS)
        failed = sum(one.reading.non2xx + one.reading.broken for one in made)
        rate = statistics.median(one.reading.requests_per_second for one in made)
        print(f"{title:<12} {rate:>8,.0f} requests/s   CPU ms a call: {cpu}   failed {failed}")
    shares = [1 - on.reading.requests_per_second / off.reading.requests_per_second for on, off in zip(*rounds.values(), strict=True)]
    print(f"posting takes {statistics.median(shares):.1%} of the throughput (range {min(shares):.1%} to {max(shares):.1%})")


@contextlib.contextmanager
def _posting(base: stack.Ground) -> Iterator[int]:
    """Post what earlier rounds left, then go on posting."""
    with stack.flusher(base) as flusher:
        while not tails.is_flushed(base.folder / "var" / "spool"):
            time.sleep(0.2)
        yield flusher


def _measure(base: stack.Ground, relay: stack.Server, flusher: int, request: Path, seconds: int, connections: int) -> Round:
    pids = {"relay": relay.pids, "flusher": [flusher] if flusher else [], "postgres": _postgres(base.folder / "var")}
    before = {part: load.cpu_seconds(pids[part]) for part in PARTS}
    reading = load.run(
        url=f"{relay.url}/v1/chat/completions", key=base.key, body=request, pids=relay.pids,
        seconds=seconds, connections=connections, script=request.with_suffix(".lua"),
    )  # fmt: skip
    calls = max(1.0, reading.requests_per_second * seconds)
    return Round(reading, {part: (load.cpu_seconds(pids[part]) - before[part]) * 1000 / calls for part in PARTS})


def _postgres(var: Path) -> list[int]:
    """Return the server's processes as they are now: those of a round are all connected before it."""
    master = int((var / "pg" / "postmaster.pid").read_text().split()[0])
    parents = {int(path.parent.name): int(path.read_text().rpartition(")")[2].split()[1]) for path in Path("/proc").glob("[0-9]*/stat")}
    return [master, *(pid for pid, parent in parents.items() if parent == master)]


if __name__ == "__main__":
    main()
