"""What requests know by heart: values of the database, kept by a process while the versions of their kinds stand.

A request asks for the versions once (`RememberingMiddleware`, one small query), so nothing it shows is older than its own
beginning. In a transaction nothing is kept or used, since what it sees may be rolled back; outside requests everything
is loaded each time. The kinds and what raises them are those of `foundation.snapshots`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from foundation import snapshots

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_SIZE = 2_000


class _Here(threading.local):
    """The request of this thread: whether there is one, and the versions it found."""

    is_request = False
    versions: dict[str, int] | None = None


_here = _Here()


class Remembered(Generic[K, V]):
    """Values by key, of one or several kinds; threads share them, so callers must not change what they get."""

    def __init__(self, *kinds: str, load: Callable[[K], V]) -> None:
        self._kinds = kinds
        self._load = load
        self._kept: dict[K, tuple[tuple[int | None, ...], V]] = {}

    def get(self, key: K) -> V:
        """Return the value of a key, loaded where the rows behind it may have changed."""
        stamp = self._stamp()
        if stamp is None:
            return self._load(key)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == stamp:
            return kept[1]
        # The versions were read before: what is loaded now is theirs or newer, and then reloaded by the next request.
        value = self._load(key)
        if len(self._kept) >= _SIZE:
            self._kept.clear()
        self._kept[key] = (stamp, value)
        return value

    def _stamp(self) -> tuple[int | None, ...] | None:
        if not _here.is_request or connection.in_atomic_block:
            return None
        if _here.versions is None:
            _here.versions = snapshots.read_versions()
        return tuple(_here.versions.get(kind) for kind in self._kinds)


class RememberingMiddleware:
    """Let what runs inside use what this process remembers, as of now."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        _here.is_request, _here.versions = True, None
        try:
            return self.get_response(request)
        finally:
            _here.is_request = False
