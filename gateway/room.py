"""Whether there is room for another call in the spool: a bound on what is served and not yet posted."""

from __future__ import annotations

import shutil
import time

from gateway.spool import Writer

_LOOK_SECONDS = 0.5


class Room:
    """Looks at the disk twice a second at most; the answer in between is the last one."""

    def __init__(self, spool: Writer, *, most_bytes: int, least_free_bytes: int) -> None:
        self._spool = spool
        self._most_bytes = most_bytes
        self._least_free_bytes = least_free_bytes
        self._looked = float("-inf")
        self._has_room = True

    def __call__(self) -> bool:
        """Tell whether a call may begin."""
        if self._spool.is_failing():
            return False
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            is_free = shutil.disk_usage(self._spool.folder).free >= self._least_free_bytes
            self._has_room = is_free and self._spool.unposted_bytes() <= self._most_bytes
        return self._has_room
