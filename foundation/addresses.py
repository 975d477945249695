"""Forget who exactly came: network addresses that are old keep their network alone (IPv4 /24, IPv6 /48)."""

from __future__ import annotations

import datetime
from typing import Any, TypeVar

from django.db.models import F, Func, GenericIPAddressField, Model, QuerySet

M = TypeVar("M", bound=Model)


class Network(Func):
    """The network of an address."""

    template = "host(network(set_masklen(%(expressions)s, CASE family(%(expressions)s) WHEN 4 THEN 24 ELSE 48 END)))::inet"
    output_field: Any = GenericIPAddressField()


def shorten(rows: QuerySet[M], *, address: str, at: str, before: datetime.datetime) -> int:
    """Shorten a column of addresses in those of the rows whose column `at` lies before a moment; return how many. Safe to run again."""
    old = rows.filter(**{f"{at}__lt": before, f"{address}__isnull": False})
    return old.exclude(**{address: Network(F(address))}).update(**{address: Network(F(address))})
