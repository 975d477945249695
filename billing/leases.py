"""The store of the lease protocol: one call of a SQL function each, for the purse, the flusher and the sweeper.

Every call is one transaction with a limit of two seconds. LeaseError
├── WorkerDead       this worker was buried: nothing it asks for is done any more
├── OutOfStep        the slices are not as the worker thinks: resolve, then ask again
└── SequenceLost     they cannot be brought together again: the worker has to start anew
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.db.models.functions import Now
from django.db.utils import Error as DatabaseProblem

from billing.models import RelayWorker

LIMIT = "SET LOCAL statement_timeout = '2s'; "
STALE_SECONDS = 90.0
PLENTY = 2**62


class LeaseError(Exception):
    """The base of what the lease functions refuse."""


class WorkerDead(LeaseError):
    """The worker is not among the living."""


class OutOfStep(LeaseError):
    """A sequence number did not fit."""


class SequenceLost(LeaseError):
    """A sequence number is neither the last one nor the one after it."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A change of one slice: `amount` was added (or taken), `seq` is the new sequence number."""

    is_budget: bool
    pool: int
    amount: int
    seq: int
    expires_seconds: float | None


@dataclass(frozen=True, slots=True)
class No:
    """Why nothing was granted. Not final: the money exists but is held elsewhere or by calls in flight."""

    scope: str
    is_final: bool
    resets_at: float | None = None
    budget: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to a TAKE: grants, or the reason why none. `main` is the wallet's main account, if it has one."""

    grants: tuple[Grant, ...]
    no: No | None
    main: int | None


@dataclass(frozen=True, slots=True)
class Want:
    """What a budget is asked for: at least `need`, `want` with growth; the request needs `whole` in all."""

    budget: int
    need: int
    want: int
    whole: int


Known = Sequence[tuple[bool, int, int]]


def register(*, worker_id: uuid.UUID, node: str) -> None:
    """Enter a new worker among the living; its spool folder is locked by now."""
    RelayWorker.objects.create(id=worker_id, node=node)


def beat(*, worker_id: uuid.UUID) -> list[tuple[bool, int]]:
    """Say that the worker lives; return the pools (is_budget, id) of which it has to give back what is free."""
    answer = _call("SELECT keyosk_beat(%s)", [worker_id])
    return [(is_budget, pool) for is_budget, pool in answer["recall"]]


def take(*, worker_id: uuid.UUID, wallet: int, need: int, want: int, whole: int, known: Known, budgets: Sequence[Want]) -> Taken:
    """Lease money of a wallet and its key's budgets, all or nothing. Raises WorkerDead, OutOfStep."""
    asked = orjson.dumps([[one.budget, one.need, one.want, one.whole] for one in budgets]).decode()
    answer = _call(
        "SELECT keyosk_take(%s, %s, %s, %s, %s, %s, %s)", [worker_id, wallet, need, want, whole, orjson.dumps(known).decode(), asked]
    )
    refused = answer.get("no")
    no = No(refused["scope"], refused["final"], refused.get("resets"), refused.get("budget")) if refused else None
    return Taken(tuple(Grant(*grant) for grant in answer.get("grants", ())), no, answer["main"])


def give(*, worker_id: uuid.UUID, gives: Sequence[tuple[bool, int, int, int]]) -> None:
    """Return free parts of slices: (is_budget, pool, amount, seq). Raises WorkerDead, OutOfStep."""
    _call("SELECT keyosk_give(%s, %s)", [worker_id, orjson.dumps(gives).decode()])


def resolve(*, worker_id: uuid.UUID, wallet: int, known: Known) -> list[Grant]:
    """Learn how a TAKE or GIVE of that wallet with an unknown outcome ended, and make sure that it cannot end later.

    Returns one entry per pool with what changed (0 = it did not happen). Raises WorkerDead, SequenceLost.
    """
    answer = _call("SELECT keyosk_resolve(%s, %s, %s)", [worker_id, wallet, orjson.dumps(known).decode()])
    if "ends" not in answer:
        raise SequenceLost
    return [Grant(*end) for end in answer["ends"]]


def free(*, wallet: int, budgets: Sequence[int]) -> tuple[int, list[int]]:
    """Return what nobody holds: of the wallet with its lots, and of each budget (µ$; a budget without limits has plenty)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(greatest(0, balance - held - floor)), 0) FROM billing_ledgeraccount WHERE owner = %s"
            " AND kind IN ('wallet', 'lot') AND ledger = 'Q' AND NOT frozen AND (expires_at IS NULL OR expires_at > now())",
            [wallet],
        )
        money = int(cursor.fetchone()[0])
        cursor.execute(
            "SELECT b.id, min(w.cap - w.spent) - b.held FROM billing_keybudget b, keyosk_windows(b) w"
            " WHERE b.id = ANY(%s) AND w.cap IS NOT NULL GROUP BY b.id, b.held",
            [list(budgets)],
        )
        limits = dict(cursor.fetchall())
    return money, [limits.get(budget, PLENTY) for budget in budgets]


def bury(*, worker_id: uuid.UUID) -> bool:
    """Give a dead worker's slices back to their pools; True for the one caller who did it."""
    return bool(_bury(worker_id, None))


def bury_or_state(*, worker_id: uuid.UUID) -> str | None:
    """Bury a worker whose lock is free; return its state afterwards, None when it never registered."""
    bury(worker_id=worker_id)
    return RelayWorker.objects.values_list("state", flat=True).filter(pk=worker_id).first()


def count_live() -> int:
    """Return how many workers beat within the last ten seconds."""
    return RelayWorker.objects.filter(state=RelayWorker.State.LIVE, seen__gt=Now() - datetime.timedelta(seconds=10)).count()


def sweep() -> list[uuid.UUID]:
    """Bury the workers not seen for 90 s, unless PostgreSQL itself was away; return their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM billing_relayworker WHERE state = 'live' AND seen < now() - make_interval(secs => %s)"
            " AND pg_postmaster_start_time() < now() - make_interval(secs => %s)",
            [STALE_SECONDS, STALE_SECONDS],
        )
        silent = [row[0] for row in cursor.fetchall()]
    return [worker_id for worker_id in silent if _bury(worker_id, f"{STALE_SECONDS} seconds")]


def _bury(worker_id: uuid.UUID, age: str | None) -> Any:
    with connection.cursor() as cursor:
        cursor.execute("SELECT keyosk_bury(%s, %s)", [worker_id, age])
        return cursor.fetchone()[0]


def _call(sql: str, parameters: list[Any]) -> dict[str, Any]:
    try:
        with connection.cursor() as cursor:
            # One message, hence one implicit transaction with its own limit.
            cursor.execute(LIMIT + sql, parameters)
            cursor.nextset()
            answer: dict[str, Any] = orjson.loads(cursor.fetchone()[0])
    except DatabaseProblem as error:
        if getattr(error.__cause__, "sqlstate", None) == "KS001":
            raise OutOfStep from error
        raise
    if answer.get("dead"):
        raise WorkerDead
    return answer
