"""The embedded servers: private sockets, first start, stale remains."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from foundation import embedded


@pytest.fixture
def var(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    shutil.rmtree(embedded.socket_folder(tmp_path), ignore_errors=True)


def _ask(var: Path, question: str) -> object:
    with psycopg.connect(embedded.database_url(var)) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_socket_folder_is_short_and_differs_by_var(tmp_path: Path) -> None:
    first = embedded.socket_folder(tmp_path / ("long folder " * 12))
    second = embedded.socket_folder(tmp_path / "b")
    assert first != second
    assert len(str(first / "redis.sock")) < 100


def test_socket_folder_open_to_others_is_refused(var: Path) -> None:
    embedded.make_socket_folder(var).chmod(0o755)
    with pytest.raises(embedded.CannotStart, match="belongs to somebody else"):
        embedded.make_socket_folder(var)


def test_socket_folder_is_private(var: Path) -> None:
    assert stat.S_IMODE(embedded.make_socket_folder(var).stat().st_mode) == 0o700


def test_postgres_keeps_data_over_a_restart_in_a_long_path_with_spaces(var: Path) -> None:
    deep = var / ("a long folder with spaces " * 5).strip()
    deep.mkdir()
    server = embedded.postgres(deep, durable=False)
    process = embedded.start(server, log=var / "pg.log")
    try:
        assert _ask(deep, "SHOW server_encoding") == "UTF8"
        with psycopg.connect(embedded.database_url(deep), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (word text)")
            connection.execute("INSERT INTO kept VALUES ('quota')")
    finally:
        embedded.stop(server, process)
    assert process.returncode == 0
    assert not (deep / "pg.new").exists()
    # A stale pid file that names a living process of another kind must not stop the next start.
    (deep / "pg" / "postmaster.pid").write_text(f"{os.getpid()}\n{deep / 'pg'}\n")
    server = embedded.postgres(deep, durable=False)
    process = embedded.start(server, log=var / "pg.log")
    try:
        assert _ask(deep, "SELECT word FROM kept") == "quota"
        # A postmaster that outlived its supervisor is stopped by the next preparation.
        embedded.postgres(deep, durable=False)
        assert process.wait(timeout=10) == 0
    finally:
        embedded.stop(server, process)
        shutil.rmtree(embedded.socket_folder(deep), ignore_errors=True)


def test_redis_keeps_data_over_a_restart(var: Path) -> None:
    for expected in (None, b"1"):
        server = embedded.redis(var)
        process = embedded.start(server, log=var / "redis.log")
        try:
            client = redis.Redis.from_url(embedded.redis_url(var))
            assert client.get("kept") == expected
            client.set("kept", "1")
            client.close()
        finally:
            embedded.stop(server, process)
        assert process.returncode == 0


def test_server_that_dies_says_its_last_line(var: Path) -> None:
    server = embedded.Server("redis", ("sh", "-c", "echo no memory left; exit 3"), signal.SIGTERM, lambda: False)
    with pytest.raises(embedded.CannotStart, match="redis does not start: no memory left"):
        embedded.start(server, log=var / "log")
