"""Empty the database after a test that commits: delete the rows that are there, instead of truncating a hundred tables.

Django's own way costs 0.3 s of CPU after each such test, this 0.02 s. Content types and permissions, which it makes anew, stay.
Triggers rest meanwhile (those of the books refuse); so the versions of what processes keep in memory are raised by hand.
"""

from __future__ import annotations

import functools

from django.db import connection, transaction
from django.test import TransactionTestCase

_KEPT = {"django_content_type", "auth_permission", "foundation_snapshotversion"}
_RAISE = "UPDATE foundation_snapshotversion SET version = nextval('foundation_snapshot_versions')"


def install() -> None:
    """Let all tests that commit end so."""
    TransactionTestCase._fixture_teardown = lambda case: _empty()  # type: ignore[attr-defined]  # its own hook, not in the stubs


def _empty() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_filled())
        filled = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")
        for name in filled:
            cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608  # the name of one of our tables
        cursor.execute(_RAISE)


@functools.cache
def _filled() -> str:
    """Return SQL that names the tables with rows."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return " UNION ALL ".join(f"(SELECT '{name}' FROM \"{name}\" LIMIT 1)" for name in sorted(set(tables) - _KEPT))  # noqa: S608  # names of our tables
