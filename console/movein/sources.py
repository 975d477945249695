"""Read another product's database, whichever of the three kinds it is: rows by rising number, nothing is ever written there.

A DSN is a path or `sqlite:///path`, `mysql://user:password@host/name` (or as Go writes it: `user:password@tcp(host:3306)/name`), or
`postgresql://user:password@host/name`. Raises `Unreadable`, whose message never holds the password.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pymysql.cursors

PAGE = 1_000
CONNECT_SECONDS = 10
READ_SECONDS = 120

_GO_MYSQL = re.compile(r"(?P<user>[^:@/]*)(?::(?P<password>.*))?@tcp\((?P<host>[^):]+)(?::(?P<port>\d+))?\)/(?P<name>[^?]+)(?:\?.*)?")

Row = Mapping[str, Any]


class Unreadable(Exception):
    """The database cannot be opened, or is none of the product's."""


class Source:
    """An open foreign database; `quote` is how its kind writes a name."""

    def __init__(self, connection: Any, *, kind: str) -> None:
        self._connection = connection
        self._kind = kind
        self._mark = "?" if kind == "sqlite" else "%s"
        self._quote = "`" if kind == "mysql" else '"'

    def columns(self, table: str) -> frozenset[str]:
        """Name the columns of a table; none when there is no such table."""
        if self._kind == "sqlite":
            return frozenset(row["name"] for row in self._query("SELECT name FROM pragma_table_info(?)", [table]))
        place = "database()" if self._kind == "mysql" else "ANY (current_schemas(false))"
        sql = "SELECT column_name AS name FROM information_schema.columns WHERE table_name = %s AND table_schema = {}"
        rows = self._query(sql.format(place), [table])
        return frozenset(row["name"] for row in rows)

    def rows(self, table: str, *, after: int = 0) -> Iterator[Row]:
        """Yield the rows of a table by rising id, a page at a time."""
        sql = "SELECT * FROM {table} WHERE {id} > {mark} ORDER BY {id} LIMIT {page}"
        asked = sql.format(table=self._named(table), id=self._named("id"), mark=self._mark, page=PAGE)
        while page := self._query(asked, [after]):
            yield from page
            after = int(page[-1]["id"])

    def all(self, table: str) -> list[Row]:
        """Return a small table that has no numbers."""
        sql = "SELECT * FROM {table}"
        return self._query(sql.format(table=self._named(table)), [])

    def options(self) -> dict[str, str]:
        """Return the settings."""
        return {str(row["key"]): str(row["value"] or "") for row in self.all("options")}

    def _named(self, name: str) -> str:
        return f"{self._quote}{name}{self._quote}"

    def _query(self, sql: str, values: Sequence[Any]) -> list[Row]:
        try:
            with closing(self._connection.cursor()) as cursor:
                cursor.execute(sql, values)
                return [dict(row) for row in cursor.fetchall()]
        except (sqlite3.Error, pymysql.MySQLError, psycopg.Error) as error:
            raise Unreadable(f"the database cannot be read: {_first_line(error)}") from None


@contextmanager
def opened(dsn: str) -> Iterator[Source]:
    """Open a database for reading, at one moment of its life where its kind can do that."""
    connection, kind = _connect(dsn.strip())
    try:
        yield Source(connection, kind=kind)
    finally:
        connection.close()


def _connect(dsn: str) -> tuple[Any, str]:
    go = _GO_MYSQL.fullmatch(dsn.removeprefix("mysql://"))
    scheme = "mysql" if go else dsn.partition("://")[0].lower() if "://" in dsn else "sqlite"
    try:
        if scheme == "sqlite":
            return _sqlite(dsn), "sqlite"
        if scheme == "mysql":
            return _mysql(go.groupdict() if go else _parts(dsn)), "mysql"
        if scheme in {"postgres", "postgresql"}:
            return _postgres(dsn), "postgresql"
    except (sqlite3.Error, pymysql.MySQLError, psycopg.Error, OSError, ValueError) as error:
        raise Unreadable(f"the database cannot be opened: {_first_line(error)}") from None
    raise Unreadable("the DSN is none that is known: a path, sqlite:///path, mysql://…, user:password@tcp(host)/name or postgresql://…")


def _sqlite(dsn: str) -> sqlite3.Connection:
    path = Path(dsn.removeprefix("sqlite://"))
    if not path.is_file():
        raise OSError(f"there is no file {path}")
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=CONNECT_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("BEGIN")
    return connection


def _parts(dsn: str) -> dict[str, str | None]:
    url = urlsplit(dsn)
    return {
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "host": url.hostname,
        "port": str(url.port or 3306),
        "name": url.path.strip("/"),
    }


def _mysql(parts: Mapping[str, str | None]) -> Any:
    connection = pymysql.connect(
        host=parts["host"] or "127.0.0.1",
        port=int(parts["port"] or 3306),
        user=parts["user"] or "",
        password=parts["password"] or "",
        database=parts["name"],
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        cursorclass=pymysql.cursors.DictCursor,
    )
    with connection.cursor() as cursor:
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    return connection


def _postgres(dsn: str) -> Any:
    connection = psycopg.connect(
        re.sub(r"^postgres://", "postgresql://", dsn), connect_timeout=CONNECT_SECONDS, row_factory=psycopg.rows.dict_row
    )
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.execute(psycopg.sql.SQL("SET statement_timeout = {}").format(psycopg.sql.Literal(f"{READ_SECONDS}s")))
    return connection


def _first_line(error: Exception) -> str:
    """Say what went wrong, without the values that a driver puts behind."""
    text = str(error.args[1] if isinstance(error, pymysql.MySQLError) and len(error.args) > 1 else error)
    return text.strip().partition("\n")[0][:200] or type(error).__name__
