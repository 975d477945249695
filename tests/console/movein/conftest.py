"""A one-api and a new-api database in a file, ready to be filled."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from tests.doubles import oneapi_database
from tests.doubles.oneapi_database import Database


@pytest.fixture
def foreign(tmp_path: Path) -> Generator[Callable[..., tuple[Database, str]]]:
    """Return a maker of databases: (database, its DSN)."""
    opened: list[sqlite3.Connection] = []

    def make(product: str = "one-api", **numbers: int) -> tuple[Database, str]:
        path = tmp_path / f"{product}-{len(opened)}.db"
        opened.append(sqlite3.connect(path))
        return oneapi_database.make(opened[-1], product=product, kind="sqlite", **numbers), str(path)

    yield make
    for connection in opened:
        connection.close()
