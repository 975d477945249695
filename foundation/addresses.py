"""Forget who exactly came: network addresses that are old keep their network alone (IPv4 /24, IPv6 /48)."""

from __future__ import annotations

import datetime

from django.db import connection
from django.db.models import Model

_SHORTEN = """
UPDATE {table} SET {address} = {short} WHERE {at} < %s AND {address} IS NOT NULL AND {address} <> {short}
"""
_SHORT = "host(network(set_masklen({address}, CASE family({address}) WHEN 4 THEN 24 ELSE 48 END)))::inet"


def shorten(model: type[Model], *, address: str, at: str, before: datetime.datetime) -> int:
    """Shorten a column of addresses in rows whose column `at` lies before a moment; return how many. Safe to run again."""
    quote = connection.ops.quote_name
    column, when = quote(address), quote(at)
    sql = _SHORTEN.format(table=quote(model._meta.db_table), address=column, at=when, short=_SHORT.format(address=column))
    with connection.cursor() as cursor:
        cursor.execute(sql, [before])
        return int(cursor.rowcount)
