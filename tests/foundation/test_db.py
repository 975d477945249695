"""Queries from asyncio: other threads, and connections that come back."""

from __future__ import annotations

import threading

import pytest
from django.db import OperationalError, connection

from foundation import db

pytestmark = pytest.mark.django_db(transaction=True)


def _select(value: int) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::int", [value])
        row = cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_a_query_runs_in_a_thread_of_its_own() -> None:
    assert await db.query(_select, 7) == 7
    assert (await db.query(threading.current_thread)).name.startswith("query")


async def test_a_connection_that_the_server_closed_is_made_anew() -> None:
    def after_restart(attempts: list[int]) -> int:
        attempts.append(1)
        if len(attempts) == 1:
            _select(1)
            connection.connection.close()  # as a restarted server does
        return _select(8)

    attempts: list[int] = []
    assert await db.query(after_restart, attempts) == 8
    assert len(attempts) == 2


async def test_a_database_that_stays_away_is_said() -> None:
    def away() -> None:
        raise OperationalError("the database system is starting up")

    with pytest.raises(OperationalError, match="starting up"):
        await db.query(away)
