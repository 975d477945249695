"""Keep immutable knowledge from the database in memory and drop it as soon as the rows behind it change.

Each kind of knowledge has a version row. Statement triggers (`trigger_sql`) raise it, whatever wrote the rows;
a `Watcher` polls the versions every half second and listens to a Redis channel on which verbs `announce` their
changes, which is only faster, never needed. A `Cell` holds the values of one kind, loaded on demand.
"""

from __future__ import annotations

import asyncio
import collections
import functools
import weakref
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, connection

from foundation import broadcast, db

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

CHANNEL = "keyosk:snapshots"
POLL_SECONDS = 0.5
# Unknown keys are remembered too, in a place of their own: guesses must not push out what is in use.
_MISSES = 1_000

log = structlog.get_logger(__name__)
_cells: dict[str, weakref.WeakSet[Cell[object, object]]] = collections.defaultdict(weakref.WeakSet)


class Cell(Generic[K, V]):
    """Values of one kind, by key: least recently used ones leave first. Belongs to one event loop.

    `lasts` says for how many seconds a value that was just loaded is true (None: until its rows change).
    """

    def __init__(self, *, kind: str, load: Callable[[K], V], size: int = 10_000, lasts: Callable[[V], float | None] | None = None) -> None:
        self.kind = kind
        self._load = load
        self._size = size
        self._lasts = lasts
        self._found: collections.OrderedDict[K, V] = collections.OrderedDict()
        self._missed: collections.OrderedDict[K, V] = collections.OrderedDict()
        self._loading: dict[K, asyncio.Future[V]] = {}
        _cells[kind].add(self)  # type: ignore[arg-type]  # see _cells

    def peek(self, key: K) -> V | None:
        """Return the value if it is in memory; never waits."""
        value = self._found.get(key)
        if value is not None:
            self._found.move_to_end(key)
        return value

    def knows_missing(self, key: K) -> bool:
        """Tell whether it is remembered that there is no value: `get` will not look it up."""
        return key in self._missed

    async def get(self, key: K) -> V:
        """Return the value, loading it when needed; concurrent callers of one key share one load."""
        value = self.peek(key)
        if value is not None:
            return value
        if key in self._missed:
            return self._missed[key]
        future = self._loading.get(key)
        if future is None:
            future = asyncio.ensure_future(db.query(self._load, key))
            self._loading[key] = future
            future.add_done_callback(functools.partial(self._loaded, key))
        # A caller who goes away must not take the load from the others.
        return await asyncio.shield(future)

    def clear(self) -> None:
        """Forget everything; a load under way answers its callers but is not kept."""
        self._found.clear()
        self._missed.clear()
        self._loading.clear()

    def _loaded(self, key: K, future: asyncio.Future[V]) -> None:
        is_current = self._loading.get(key) is future
        if is_current:
            del self._loading[key]
        if future.cancelled() or future.exception() is not None or not is_current:
            return
        value = future.result()
        if value is None:
            _keep(self._missed, key, value, _MISSES)
        else:
            _keep(self._found, key, value, self._size)
            if self._lasts is not None and (seconds := self._lasts(value)) is not None:
                future.get_loop().call_later(seconds, self._end, key, value)

    def _end(self, key: K, value: V) -> None:
        """Forget a value whose time is over, unless another one has taken its place."""
        if self._found.get(key) is value:
            del self._found[key]


def _keep(values: collections.OrderedDict[K, V], key: K, value: V, size: int) -> None:
    values[key] = value
    if len(values) > size:
        values.popitem(last=False)


class Watcher:
    """Clears the cells of changed kinds: one task of a process that keeps cells."""

    def __init__(self) -> None:
        self._versions: dict[str, int] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        listening = asyncio.create_task(broadcast.hear(CHANNEL, _heard, url=settings.REDIS_URL))
        try:
            while True:
                await self.poll()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def poll(self) -> None:
        """Compare the versions once; the first time everything counts as changed."""
        try:
            versions = await db.query(read_versions)
        except DatabaseError as error:
            log.warning("snapshot versions cannot be read", error=type(error).__name__)
            return
        before, self._versions = self._versions, versions
        kinds = set(_cells) if before is None else {kind for kind in versions if versions[kind] != before.get(kind)}
        for kind in kinds:
            clear(kind)


def clear(kind: str) -> None:
    """Empty every cell of a kind in this process."""
    for cell in list(_cells[kind]):
        cell.clear()


def read_versions() -> dict[str, int]:
    """Return the version of every kind."""
    # By hand: each request of the pages asks (`foundation.remembered`), and building the query costs ten times the question.
    with connection.cursor() as cursor:
        cursor.execute("SELECT kind, version FROM foundation_snapshotversion")
        return dict(cursor.fetchall())


def announce(kind: str) -> None:
    """Tell all processes that a kind changed; call it on commit. Best effort: the polled versions are the belt."""
    broadcast.tell(CHANNEL, kind, url=settings.REDIS_URL)


def _heard(message: bytes) -> None:
    clear(message.decode())


def trigger_sql(*, table: str, kind: str, columns: tuple[str, ...] = ()) -> tuple[str, str]:
    """Return forward and reverse SQL for RunSQL: every change of the table raises the kind's version.

    With `columns`, updates of other columns do not count. The names come from migrations, never from input.
    """
    update = f"UPDATE OF {', '.join(columns)}" if columns else "UPDATE"
    forward = f"""
        CREATE TRIGGER {table}_snapshot AFTER INSERT OR {update} OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION foundation_bump_snapshot('{kind}');
    """
    return forward, f"DROP TRIGGER IF EXISTS {table}_snapshot ON {table};"
