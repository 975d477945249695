"""Whether the spool has room for another call."""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path

import pytest

from gateway.room import Room
from gateway.spool import Writer


@pytest.mark.parametrize(
    ("most_bytes", "least_free_bytes", "expected"), [(0, 0, True), (-1, 0, False), (1_000, 1 << 60, False)], ids=["room", "backlog", "disk"]
)
def test_a_call_may_begin_while_there_is_room(tmp_path: Path, most_bytes: int, least_free_bytes: int, expected: bool) -> None:
    with closing(Writer(tmp_path, uuid.uuid4())) as spool:
        assert Room(spool, most_bytes=most_bytes, least_free_bytes=least_free_bytes)() is expected
