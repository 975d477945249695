"""The base of the scripted vendors: what a real one would refuse is refused before anything scripted is answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.replies import Reply
from tests.doubles.upstream import Received, Upstream


class Vendor(Upstream):
    """Derive `check` (the refusal, or None) and `answer`. `clock` is the vendor's own clock: unix seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.clock = clock
        self.refused: list[str] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def check(self, request: Received) -> Reply | None:
        """Return the refusal this vendor answers to a request, or None."""
        raise NotImplementedError

    def answer(self, request: Received) -> Reply:
        """Return the right answer."""
        raise NotImplementedError

    def reply_to(self, request: Received) -> Reply:
        refusal = self.check(request)
        if refusal is not None:
            self.refused.append(b"".join(step for step in refusal.steps if isinstance(step, bytes)).decode())
            return refusal
        return self._queue.popleft() if self._queue else self.answer(request)


def path_of(request: Received) -> str:
    return urlsplit(request.path).path


def query_of(request: Received) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.path).query, keep_blank_values=True))


def alternates(roles: list[str]) -> bool:
    """Tell whether roles are user, assistant, user … and end with the user."""
    return bool(roles) and len(roles) % 2 == 1 and roles == ["user" if place % 2 == 0 else "assistant" for place in range(len(roles))]
