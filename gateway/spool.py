"""The write-ahead file of one relay worker: what was served and must be charged, one line a call.

A line is `crc32 SP json LF`. Lines of calls that end in the same turn of the event loop are written together. Files are only
appended to, by the one process that holds the folder's lock; nobody truncates or edits them. `SpoolFull` means that a line
could not be written whole: post it directly.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
import uuid
import zlib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import orjson

SEGMENT_BYTES = 8 * 1024 * 1024
SEGMENT_SECONDS = 60.0
LOOK_SECONDS = 0.5
FAILING_SECONDS = 1.0
LOCK = "lock"
POSTED = "posted"


class SpoolFull(Exception):
    """The line is not in the file: no space, a disk error, or the folder is gone."""


class BadLine(ValueError):
    """The bytes are not a line of ours."""


@dataclass(slots=True)  # not frozen: that would double the time to make one
class Line:
    """One served call: final price and splits. Posting computes nothing from prices."""

    id: uuid.UUID
    key: int
    tenant: int
    member: int
    main: int
    price: int
    numerator: str
    parts: list[list[int]]
    splits: list[list[int]]
    budgets: list[int]
    book: str
    usage: dict[str, int]
    source: str
    model: str
    upstream_model: str
    channel: int | None
    channel_key: int | None
    cost: int | None
    status: str
    stream: bool
    first_ms: int | None
    total_ms: int
    tried: list[int]
    # What of the usage nobody had priced.
    unpriced: list[str] = field(default_factory=list)
    # Why each of the channels tried did not answer, and what the client was told where nobody did.
    reasons: list[str] = field(default_factory=list)
    error: str = ""
    v: int = 1


_FIELDS = frozenset(one.name for one in fields(Line))


def encode(line: Line) -> bytes:
    """Return the bytes of a line with its checksum and LF."""
    body = orjson.dumps(line)
    return b"%08x %b\n" % (zlib.crc32(body), body)


def decode(raw: bytes) -> Line:
    """Return the line in `raw` (without LF). Raises BadLine."""
    if len(raw) < 10 or raw[8:9] != b" ":
        raise BadLine("no checksum")
    body = raw[9:]
    try:
        if int(raw[:8], 16) != zlib.crc32(body):
            raise BadLine("the checksum does not fit")
        return of_values(orjson.loads(body))
    except (ValueError, TypeError, KeyError) as error:
        raise BadLine(str(error)) from error


def of_values(values: dict[str, Any]) -> Line:
    """Return the line of a parsed object; fields of later versions are ignored."""
    known = values if values.keys() == _FIELDS else {name: value for name, value in values.items() if name in _FIELDS}
    known["id"] = uuid.UUID(known["id"])
    return Line(**known)


def segment_name(number: int) -> str:
    return f"{number:06d}.log"


class Turn:
    """The lines that one turn of the event loop brings together: written by one write(2) before the answers they bill go out."""

    __slots__ = ("_error", "_is_over", "_waiting", "lines")

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._error: SpoolFull | None = None
        self._is_over = False

    def written(self) -> asyncio.Future[None]:
        """Return what waits until the lines are in the file; it raises SpoolFull when none is. Who goes away disturbs nobody else."""
        waiter = asyncio.get_running_loop().create_future()
        if self._is_over:
            self._tell(waiter)
        else:
            self._waiting.append(waiter)
        return waiter

    def end(self, error: SpoolFull | None = None) -> None:
        self._error, self._is_over = error, True
        for waiter in self._waiting:
            if not waiter.done():
                self._tell(waiter)

    def _tell(self, waiter: asyncio.Future[None]) -> None:
        if self._error is None:
            waiter.set_result(None)
        else:
            waiter.set_exception(SpoolFull(str(self._error)))


class Writer:
    """Append lines to the worker's segments. Holds the folder's lock as long as the process lives.

    `append` is one write(2), safe against kill -9 at any point: the lines are whole in the page cache or were never served.
    """

    def __init__(self, folder: Path, worker_id: uuid.UUID) -> None:
        self.worker_id = worker_id
        self.folder = folder / str(worker_id)
        self.folder.mkdir(parents=True)
        # Close-on-exec (Python's default) and no forks: the lock dies with this process.
        self._lock = os.open(self.folder / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._number = 0
        self._file = -1
        self._size = 0
        self._opened = 0.0
        self._written = 0
        self._posted = 0
        self._looked = float("-inf")
        self._failed = float("-inf")
        self._turn: Turn | None = None

    def join(self, line: Line) -> Turn:
        """Write a line together with all others of this turn of the event loop; its answer ends when the turn is `written`.

        The file system's share of a write is the same for one line as for ten.
        """
        turn = self._turn
        if turn is None:
            turn = self._turn = Turn()
            asyncio.get_running_loop().call_soon(self._commit)
        turn.lines.append(line)
        return turn

    def _commit(self) -> None:
        turn, self._turn = self._turn, None
        if turn is None:
            return
        try:
            self.append(*turn.lines)
        except SpoolFull as error:
            turn.end(error)
        else:
            turn.end()

    def append(self, *lines: Line) -> None:
        """Write lines at once. Raises SpoolFull when they are not in the file as a whole; then none of them is."""
        data = b"".join(map(encode, lines))
        try:
            if self._file < 0 or self._size >= SEGMENT_BYTES or time.monotonic() - self._opened >= SEGMENT_SECONDS:
                self._next_segment()
            count = os.write(self._file, data)
        except OSError as error:
            self._failed = time.monotonic()
            raise SpoolFull(str(error)) from error
        if count != len(data):
            self._failed = time.monotonic()
            self._take_back()
            raise SpoolFull("short write")
        self._size += count
        self._written += count

    def unposted_bytes(self) -> int:
        """Return how much was appended and not yet posted; what the flusher says is read at most twice a second."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._posted = max(self._posted, read_posted(self.folder).total)
        return self._written - self._posted

    def is_failing(self) -> bool:
        """Tell whether a write failed within the last second: nothing new should begin."""
        return time.monotonic() - self._failed < FAILING_SECONDS

    def close(self) -> None:
        """Write what waits, let go of the segment and the lock; the flusher then buries this worker."""
        self._commit()
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _next_segment(self) -> None:
        path = self.folder / segment_name(self._number + 1)
        new = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, 0o600)
        self._number += 1
        os.fsync(new)
        _sync_folder(self.folder)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size, self._opened = new, 0, time.monotonic()

    def _take_back(self) -> None:
        """Cut a torn tail off; where even that fails, the next line goes to a new segment."""
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            os.close(self._file)
            self._file = -1


@dataclass(frozen=True, slots=True)
class Posted:
    """How far the flusher came in a worker's folder: a hint that saves work, never the truth."""

    segment: int = 1
    offset: int = 0
    total: int = 0


def read_posted(folder: Path) -> Posted:
    """Return the flusher's mark; the beginning when there is none."""
    try:
        segment, offset, total = (folder / POSTED).read_bytes().split()
        return Posted(int(segment), int(offset), int(total))
    except (OSError, ValueError):
        return Posted()


def write_posted(folder: Path, posted: Posted) -> None:
    """Keep the flusher's mark in one small overwrite."""
    mark = b"%012d %012d %015d\n" % (posted.segment, posted.offset, posted.total)
    file = os.open(folder / POSTED, os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        os.pwrite(file, mark, 0)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
