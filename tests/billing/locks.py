"""What other connections to the test's database do meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from django.db import connection

PATIENCE_SECONDS = 60


def until(is_so: Callable[[], object], what: str) -> None:
    """Return as soon as something is so; fail when it takes a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if is_so():
            return
        time.sleep(0.02)
    pytest.fail(f"waited in vain: {what}")


def somebody_waits_for_us() -> bool:
    """Tell whether another connection waits for a lock of this one. `pg_locks` is read anew within a transaction, activity is not."""
    return _count("FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))") > 0


def everybody_else_rests() -> bool:
    """Tell whether no other connection is in a transaction; not to be asked within one."""
    rows = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    return _count(f"{rows} AND state <> 'idle'") == 0


def _count(rows: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {rows}")
        return int(cursor.fetchone()[0])
