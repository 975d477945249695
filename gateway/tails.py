"""Read what relay workers spooled: whole lines in order, segment by segment, from where posting stands."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gateway import spool

log = logging.getLogger(__name__)

READ_BYTES = 1024 * 1024
BATCH_LINES = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a segment: `line` or, where it is none of ours, `error`. `end` is the offset after its LF."""

    raw: bytes
    line: spool.Line | None
    error: str
    end: int


class Tail:
    """One worker's folder. `with_done` reads every segment from the beginning, posted or not."""

    def __init__(self, folder: Path, *, with_done: bool = False) -> None:
        self.folder = folder
        self.worker_id = uuid.UUID(folder.name)
        self.is_over = False
        self._with_done = with_done
        mark = spool.Posted() if with_done else spool.read_posted(folder)
        first = min(self._numbers(), default=1)
        # The mark is a hint: it must name a segment that is still to be posted.
        self._number, self._offset = (mark.segment, mark.offset) if mark.segment >= first else (first, 0)
        self._total = mark.total
        self._synced: tuple[int, int] = (self._number, 0)

    @property
    def segment(self) -> str:
        return f"{self.folder.name}/{spool.segment_name(self._number)}"

    def is_held(self) -> bool:
        """Tell whether the worker lives: it keeps the lock of its folder."""
        try:
            handle = os.open(self.folder / spool.LOCK, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def read(self) -> list[Entry]:
        """Return the next lines, at most a batch; none = nothing whole is there now. Passes over segments that are at their end."""
        while True:
            # In this order: what a next segment or a free lock proves whole must have been so before the bytes are read.
            may_grow = self._is_last() and self.is_held()
            data = self._bytes()
            entries = list(_entries(data, self._offset))
            if entries or may_grow:
                return entries
            if data:
                log.warning("a torn line was dropped", extra={"segment": self.segment, "bytes": len(data)})
            if not self._next():
                return []

    def advance(self, entries: list[Entry]) -> None:
        """Note that these lines are posted."""
        self._total += entries[-1].end - self._offset
        self._offset = entries[-1].end
        if not self._with_done:
            spool.write_posted(self.folder, spool.Posted(self._number, self._offset, self._total))

    def close_last(self) -> None:
        """Put the last segment of a dead worker aside."""
        self._put_aside()

    def sync(self) -> None:
        """Bring new lines to the disk (fdatasync), in whichever segment they are."""
        for number in sorted(self._numbers()):
            if number < self._synced[0]:
                continue
            with contextlib.suppress(FileNotFoundError):
                handle = os.open(self.folder / spool.segment_name(number), os.O_RDONLY)
                try:
                    size = os.fstat(handle).st_size
                    if (number, size) != self._synced:
                        os.fdatasync(handle)
                        self._synced = (number, size)
                finally:
                    os.close(handle)

    def _numbers(self) -> set[int]:
        kinds = {".log", ".done"} if self._with_done else {".log"}
        return {int(path.stem) for path in self.folder.iterdir() if path.suffix in kinds and path.stem.isdecimal()}

    def _path(self) -> Path | None:
        path = self.folder / spool.segment_name(self._number)
        if path.exists():
            return path
        done = path.with_suffix(".done")
        return done if self._with_done and done.exists() else None

    def _is_last(self) -> bool:
        return not any(number > self._number for number in self._numbers())

    def _bytes(self) -> bytes:
        path = self._path()
        if path is None:
            return b""
        handle = os.open(path, os.O_RDONLY)
        try:
            return os.pread(handle, READ_BYTES, self._offset)
        finally:
            os.close(handle)

    def _next(self) -> bool:
        """Go on to the next segment; False, and over, after the last one of a dead worker."""
        later = [number for number in self._numbers() if number > self._number]
        if not later:
            self.is_over = True
            return False
        self._put_aside()
        self._number, self._offset = min(later), 0
        return True

    def _put_aside(self) -> None:
        path = self.folder / spool.segment_name(self._number)
        if not self._with_done:
            # A second flusher may have done it.
            with contextlib.suppress(FileNotFoundError):
                path.rename(path.with_suffix(".done"))


def folders(root: Path) -> list[Path]:
    """Return the folders of workers, dead or alive."""
    if not root.is_dir():
        return []
    return sorted(path for path in root.iterdir() if path.is_dir() and _is_uuid(path.name))


def is_flushed(root: Path) -> bool:
    """Tell whether every whole line in every folder is posted."""
    return not any(Tail(folder).read() for folder in folders(root))


def _entries(data: bytes, offset: int) -> Iterator[Entry]:
    start = 0
    for _ in range(BATCH_LINES):
        end = data.find(b"\n", start)
        if end < 0:
            return
        raw = data[start:end]
        start = end + 1
        try:
            yield Entry(raw, spool.decode(raw), "", offset + start)
        except spool.BadLine as error:
            yield Entry(raw, None, str(error), offset + start)


def _is_uuid(name: str) -> bool:
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True
