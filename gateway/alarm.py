"""Break off what a task waits for when somebody asks for it: as asyncio.timeout does, for a fraction where nobody ever asks."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Alarm:
    """A context of one task, entered until it has rung. After `ring` its inside is cancelled, and leaving it raises TimeoutError."""

    __slots__ = ("_has_rung", "_task", "_timer")

    def __init__(self) -> None:
        self._task: asyncio.Task[object] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._has_rung = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        return self

    def ring(self, *, after_seconds: float) -> None:
        """Break off what is inside, after a while; nothing when it has been left."""
        if self._task is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(after_seconds, self._ring)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        task, self._task = self._task, None
        if self._timer is None:
            return
        self._timer.cancel()
        # Somebody else may have cancelled the task as well: then it stays cancelled.
        if self._has_rung and task is not None and not task.uncancel() and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _ring(self) -> None:
        if self._task is not None:
            self._has_rung = True
            self._task.cancel()
