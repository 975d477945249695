"""Foreign databases of all three kinds, opened for reading alone."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psycopg
import pymysql
import pytest
from django.db import connection

from console.movein import sources
from tests.doubles import oneapi_database
from tests.doubles.oneapi_database import Database

Foreign = Callable[..., tuple[Database, str]]

_WHERE = ("host", "port", "user", "dbname", "password")


def test_rows_come_by_rising_number_over_pages(foreign: Foreign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "PAGE", 3)
    _, dsn = foreign(people=8)
    with sources.opened(f"sqlite://{dsn}") as source:
        assert [row["id"] for row in source.rows("users")] == list(range(1, 9))
        assert source.columns("nothing") == frozenset()
        assert source.options() == oneapi_database.OPTIONS


def test_a_file_is_never_written(foreign: Foreign) -> None:
    _, dsn = foreign(people=1)
    with sources.opened(dsn) as source, pytest.raises(sources.Unreadable, match="readonly"):
        source._query("DELETE FROM users", [])


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("/nowhere/one-api.db", "there is no file /nowhere/one-api.db"),
        ("oracle://x/y", "the DSN is none that is known"),
        ("mysql://root:s3cret@127.0.0.1:1/oneapi", "cannot be opened"),
        ("root:s3cret@tcp(127.0.0.1:1)/oneapi?charset=utf8", "cannot be opened"),
        ("postgresql://root:s3cret@127.0.0.1:1/oneapi", "cannot be opened"),
    ],
)
def test_a_bad_dsn_is_told_without_its_password(dsn: str, message: str) -> None:
    with pytest.raises(sources.Unreadable, match=message) as caught, sources.opened(dsn):
        pass
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("hello " * 100)
    with pytest.raises(sources.Unreadable, match="not a database"), sources.opened(str(tmp_path / "x.db")) as source:
        source.columns("users")


@pytest.mark.django_db(transaction=True)
def test_postgresql_is_read_and_not_written() -> None:
    values = {name: value for name, value in connection.get_connection_params().items() if name in _WHERE and value}
    with psycopg.connect(psycopg.conninfo.make_conninfo(**values), autocommit=True) as server:
        server.execute("DROP SCHEMA IF EXISTS foreign_oneapi CASCADE")
        server.execute("CREATE SCHEMA foreign_oneapi")
        server.execute("SET search_path TO foreign_oneapi")
        try:
            oneapi_database.make(server, product="new-api", kind="postgresql", people=3, tokens=3)
            dsn = f"postgresql:///{values['dbname']}?host={values['host']}&user={values['user']}&options=-csearch_path%3Dforeign_oneapi"
            dsn += f"&port={values['port']}" if values.get("port") else ""
            with sources.opened(dsn) as source:
                assert [row["key"] for row in source.rows("tokens")] == [oneapi_database.secret_of(n)[3:] for n in (1, 2, 3)]
                assert "model_limits" in source.columns("tokens")
                with pytest.raises(sources.Unreadable, match="read-only"):
                    source._query("DELETE FROM users", [])
        finally:
            server.execute("DROP SCHEMA foreign_oneapi CASCADE")


@pytest.fixture
def mariadb(tmp_path: Path) -> Generator[int]:
    """A MariaDB of its own on a free port; without the server the test is skipped."""
    server = shutil.which("mariadbd") or shutil.which("mysqld")
    maker = shutil.which("mariadb-install-db")
    if server is None or maker is None:
        pytest.skip("MariaDB is not installed here (apt install mariadb-server)")
    data = tmp_path / "data"
    subprocess.run(
        [maker, f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"], check=True, capture_output=True
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1", f"--socket={tmp_path}/s", f"--pid-file={tmp_path}/p"]
    process = subprocess.Popen([server, "--no-defaults", "--user=root", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(pymysql.MySQLError):
                pymysql.connect(host="127.0.0.1", port=port, user="root").close()
                break
            time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def test_mysql_is_read_and_not_written(mariadb: int) -> None:
    with contextlib.closing(pymysql.connect(host="127.0.0.1", port=mariadb, user="root", autocommit=True)) as server:
        server.cursor().execute("CREATE DATABASE oneapi CHARACTER SET utf8mb4")
        server.cursor().execute("CREATE USER 'one'@'127.0.0.1' IDENTIFIED BY 's3cret'")
        server.cursor().execute("GRANT ALL ON oneapi.* TO 'one'@'127.0.0.1'")
        server.select_db("oneapi")
        oneapi_database.make(server, product="one-api", kind="mysql", people=3, tokens=3)
    for dsn in (f"mysql://one:s3cret@127.0.0.1:{mariadb}/oneapi", f"one:s3cret@tcp(127.0.0.1:{mariadb})/oneapi?charset=utf8mb4"):
        with sources.opened(dsn) as source:
            assert [row["username"] for row in source.rows("users")] == ["root", "user2", "user3"]
            assert source.options() == oneapi_database.OPTIONS
            assert "subnet" in source.columns("tokens")
            with pytest.raises(sources.Unreadable, match="READ ONLY"):
                source._query("DELETE FROM users", [])


def test_a_writer_at_work_does_not_tear_what_is_read(foreign: Foreign) -> None:
    database, dsn = foreign(people=2)
    assert isinstance(database.connection, sqlite3.Connection)
    database.connection.execute("PRAGMA journal_mode=WAL")
    with sources.opened(dsn) as source:
        assert len(list(source.rows("users"))) == 2
        database.insert("users", [oneapi_database.person(3)])
        assert len(list(source.rows("users"))) == 2
