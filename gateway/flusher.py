"""Post every worker's spool to the database, and bury workers that died: one process a node (two do no harm).

Live and dead folders are the same to it, so that there is no separate replay after a crash.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from django.db import Error as DatabaseProblem
from django.db import connection

from billing import leases
from gateway import retention, settle
from gateway.tails import BATCH_LINES, Entry, Tail, folders

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.1
SYNC_SECONDS = 0.1
BACK_OFF_SECONDS = 0.5
LOOK_SECONDS = 0.5
TIDY_SECONDS = 60.0
HORIZON_SECONDS = 600.0
TOO_OLD = "older than the usage that is kept"

P = ParamSpec("P")
R = TypeVar("R")


class Flusher:
    """Tail all folders below `root`. `keep_seconds` is how long posted segments stay for a restore.

    `is_behind` tells whether the last turn left lines that wait.
    """

    def __init__(self, root: Path, *, keep_seconds: float, clock: Callable[[], float] = time.time) -> None:
        self._root = root
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._tails: dict[str, Tail] = {}
        self._finished: set[str] = set()
        self._looked = self._synced = self._tidied = self._horizon_read = float("-inf")
        self._horizon: retention.Horizon | None = None
        self.is_behind = False

    def run(self, *, is_stopping: Callable[[], bool], sleep: Callable[[float], object] = time.sleep) -> None:
        """Go on until told to stop, then post what is left."""
        while not is_stopping():
            try:
                self.turn()
                # A transaction costs as much as posting 60 lines: let them gather, unless a whole batch waits already.
                sleep(0 if self.is_behind else PAUSE_SECONDS)
            except settle.Unavailable as error:
                log.warning("the database cannot post now: %s", error)
                self.sync()
                sleep(BACK_OFF_SECONDS)
        while self.turn():
            pass

    def turn(self) -> int:
        """Post one batch of each folder; return how many lines were read. Raises settle.Unavailable."""
        self._look()
        if self._clock() - self._synced >= SYNC_SECONDS:
            self.sync()
        self.is_behind = False
        return sum(self._drain(tail) for tail in list(self._tails.values()))

    def sync(self) -> None:
        """Bring new lines to the disk: power loss costs the ones since, which nobody was charged for."""
        self._synced = self._clock()
        for tail in self._tails.values():
            tail.sync()

    def _look(self) -> None:
        if self._clock() - self._looked < LOOK_SECONDS:
            return
        self._looked = self._clock()
        for folder in folders(self._root):
            if folder.name not in self._tails and folder.name not in self._finished:
                self._tails[folder.name] = Tail(folder)
        if self._clock() - self._tidied >= TIDY_SECONDS:
            self._tidied = self._clock()
            for folder in folders(self._root):
                self._tidy(folder)

    def _drain(self, tail: Tail) -> int:
        entries = tail.read()
        self.is_behind |= len(entries) >= BATCH_LINES
        if entries:
            self._post(tail, entries)
            tail.advance(entries)
        elif tail.is_over:
            self._bury(tail)
        return len(entries)

    def _post(self, tail: Tail, entries: list[Entry]) -> None:
        horizon = self._known_horizon()
        lines = []
        for entry in entries:
            if entry.line is not None and horizon.takes(tenant_id=entry.line.tenant, identifier=entry.line.id):
                lines.append(entry.line)
            else:
                reason = entry.error or TOO_OLD
                _guarded(settle.quarantine, worker_id=tail.worker_id, segment=tail.segment, raw=entry.raw, error=reason)
        settle.post_all(worker_id=tail.worker_id, lines=lines, segment=tail.segment)

    def _bury(self, tail: Tail) -> None:
        """Return a dead worker's leases: its lock is free and all its lines are posted."""
        tail.is_over = False
        state = _guarded(leases.bury_or_state, worker_id=tail.worker_id)
        if state is None and self._clock() - tail.folder.stat().st_mtime < self._keep_seconds:
            return  # It may be about to take the lock and register.
        tail.close_last()
        self._finished.add(tail.folder.name)
        del self._tails[tail.folder.name]

    def _tidy(self, folder: Path) -> None:
        """Delete segments kept long enough, and the folder after its last one."""
        due = self._clock() - self._keep_seconds
        for path in folder.glob("*.done"):
            if path.stat().st_mtime < due:
                path.unlink()
        if folder.name in self._finished and folder.stat().st_mtime < due and not [*folder.glob("*.done"), *folder.glob("*.log")]:
            shutil.rmtree(folder)
            self._finished.discard(folder.name)

    def _known_horizon(self) -> retention.Horizon:
        if self._horizon is None or self._clock() - self._horizon_read > HORIZON_SECONDS:
            self._horizon = _guarded(retention.Horizon)
            self._horizon_read = self._clock()
        return self._horizon


def replay(root: Path) -> int:
    """Post every line of every segment once more, the posted ones included; return how many were new.

    What is older than the usage that is kept is passed over: its row may be gone, so that it would be charged again.
    """
    new = 0
    horizon = retention.Horizon()
    for folder in folders(root):
        tail = Tail(folder, with_done=True)
        while entries := tail.read():
            known = [entry.line for entry in entries if entry.line is not None]
            lines = [line for line in known if horizon.takes(tenant_id=line.tenant, identifier=line.id)]
            new += settle.post_all(worker_id=tail.worker_id, lines=lines, segment=tail.segment)
            tail.advance(entries)
    return new


def _guarded(function: Callable[P, R], *args: P.args, **asked: P.kwargs) -> R:
    try:
        return function(*args, **asked)
    except DatabaseProblem as error:
        if settle.is_transient(error):
            connection.close()
            raise settle.Unavailable(str(error)) from error
        raise
