"""Exports of lists: what a list shows, with its search and filters, as CSV; the trail says who took it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.admin_scope import actor_of
from console.admin import pages
from foundation import sheets
from foundation.ids import time_of

ROWS_AT_ONCE = 2_000


class Exported:
    """A list with a button that downloads it; `export_columns` are names in the file and the columns behind them."""

    export_columns: ClassVar[tuple[tuple[str, str], ...]] = ()
    actions_list: Any = ("export",)

    @pages.list_act(description=gettext_lazy("Export as CSV"), icon="download", permission="act")
    def export(self, request: HttpRequest) -> HttpResponse:
        """Stream the rows that the list shows: the button stands above it, so its address says which."""
        admin = cast(Any, self)
        request.GET = _shown(request, pages.list_url(admin))  # type: ignore[assignment]  # a QueryDict as well
        try:
            rows: QuerySet[Any] = admin.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return redirect(pages.list_url(admin))
        label = admin.model._meta.label_lower
        audit.record(
            actor=actor_of(request), action=f"{admin.model._meta.model_name}.export", target=label,
            after={"shown": request.GET.urlencode()[:500]}, address=request.META.get("REMOTE_ADDR"),
        )  # fmt: skip
        head = [name for name, _column in self.export_columns]
        file: Any = sheets.download(head, self._rows(rows), name=f"{admin.model._meta.model_name}s.csv")
        return cast(HttpResponse, file)

    def _rows(self, rows: QuerySet[Any]) -> Iterator[list[Any]]:
        columns = [column for _name, column in self.export_columns]
        found = rows.select_related(None).order_by("-pk").values_list(*(column.removesuffix(":at") for column in columns))
        for row in found.iterator(chunk_size=ROWS_AT_ONCE):
            yield [_value(value, column) for value, column in zip(row, columns, strict=True)]


def _shown(request: HttpRequest, address: str) -> QueryDict:
    """Return the search and filters of the list from which the button was pressed."""
    before = urlsplit(request.headers.get("Referer", ""))
    words = before.query if before.path == address else ""
    return QueryDict(request.GET.urlencode() or words)


def _value(value: Any, column: str) -> Any:
    """Write a value plainly: moments in ISO 8601 (of an id: `id:at`), lists with commas."""
    if column.endswith(":at"):
        return time_of(value).isoformat(timespec="milliseconds")
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(value) if value is not None and not isinstance(value, int) else value
