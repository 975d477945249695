"""Measure posting: rows a second (and CPU a row) over few and many wallets, on a PostgreSQL of its own with fsync on.

Run: python -m bench.post [rows]
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
import uuid
from pathlib import Path

from bench import load
from foundation import embedded


def main() -> None:
    """Start a server, make wallets, post, print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    var = Path(tempfile.mkdtemp(prefix="keyosk-bench-")).resolve()
    server = embedded.postgres(var, durable=True)
    process = embedded.start(server, log=var / "postgres.log")
    os.environ.update(DATABASE_URL=embedded.database_url(var), KEYOSK_VAR_DIR=str(var), DJANGO_SETTINGS_MODULE="config.settings.testing")
    try:
        _measure(rows)
    finally:
        embedded.stop(server, process)
        shutil.rmtree(embedded.socket_folder(var), ignore_errors=True)
        shutil.rmtree(var, ignore_errors=True)


def _measure(rows: int) -> None:
    import django  # noqa: PLC0415  # the settings name the server started above

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    for wallets in (20, 50, 500):
        print(f"{wallets:4d} wallets: {_rate(rows, wallets)}{' (every row of a batch is another wallet)' if wallets == 500 else ''}")
    print(f"TAKE: {_takes(2_000):8.0f}/s on one connection")


def _rate(rows: int, wallets: int) -> str:
    """Say how many rows a second were posted in batches of 500, each line of the next wallet, and what a row cost."""
    from django.db import connection  # noqa: PLC0415

    from gateway import settle  # noqa: PLC0415
    from tests.gateway.spooling import customer  # noqa: PLC0415

    worker_id = uuid.uuid4()
    from billing import leases  # noqa: PLC0415

    leases.register(worker_id=worker_id, node="bench")
    people = [customer(funds=10**9, leased=10**8, worker_id=worker_id, slug=f"s{wallets}-{n}") for n in range(wallets)]
    batches = [[people[(start + n) % wallets].line(10) for n in range(500)] for start in range(0, rows, 500)]
    connection.ensure_connection()
    server: list[int] = [connection.connection.info.backend_pid]
    began, own, servers = time.perf_counter(), time.process_time(), load.cpu_seconds(server)
    posted = sum(settle.post_all(worker_id=worker_id, lines=batch) for batch in batches)
    seconds, own, servers = time.perf_counter() - began, time.process_time() - own, load.cpu_seconds(server) - servers
    assert posted == rows
    return f"{rows / seconds:8.0f} rows/s   CPU µs a row: ours {own / rows * 1e6:.1f}, PostgreSQL {servers / rows * 1e6:.1f}"


def _takes(count: int) -> float:
    from billing import leases  # noqa: PLC0415
    from tests.gateway.spooling import customer  # noqa: PLC0415

    who = customer(funds=10**9, leased=0, slug="takes")
    known: list[tuple[bool, int, int]] = []
    began = time.perf_counter()
    for _ in range(count):
        taken = leases.take(worker_id=who.worker_id, wallet=who.member.pk, need=100, want=100, whole=100, known=known, budgets=[])
        known = [(False, taken.grants[0].pool, taken.grants[0].seq)]
    return count / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
