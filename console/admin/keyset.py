"""Lists of rows that are never counted or skipped: a page goes on below the last id of the one before."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.views import ChangeList

BEFORE = "before"


class Pager:
    """Stands where Django's templates look for a paginator, and names the template with the two links."""

    template_name = "console/admin/keyset.html"

    def __init__(self, *, per_page: int, older: str, newest: str) -> None:
        self.per_page = per_page
        self.older = older
        self.newest = newest


class KeysetList(ChangeList):
    """The newest first, by id alone; the cursor stands in the address."""

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found: dict[str, Any] = super().get_filters_params(params)
        found.pop(BEFORE, None)
        return found

    def get_query_string(self, new_params: dict[str, Any] | None = None, remove: list[str] | None = None) -> str:
        """Write an address; every one but that of an older page begins with the newest rows."""
        drop = [] if new_params and BEFORE in new_params else [BEFORE]
        address: str = super().get_query_string(new_params, [*(remove or ()), *drop])
        return address

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        return ["-id"]

    def get_results(self, request: HttpRequest) -> None:
        """Read one row more than is shown: it tells whether there is an older page."""
        before = request.GET.get(BEFORE, "")
        found = self.read(before=_identifier(before) if before else None, limit=self.list_per_page + 1)
        self.result_list = found[: self.list_per_page]
        is_more = len(found) > self.list_per_page
        older = self.get_query_string({BEFORE: str(self.result_list[-1].pk)}) if is_more else ""
        newest = self.get_query_string() if before else ""
        self.paginator = Pager(per_page=self.list_per_page, older=older, newest=newest)
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.show_admin_actions = False
        self.can_show_all, self.multi_page = True, False

    def read(self, *, before: UUID | None, limit: int) -> list[Any]:
        """Return the newest rows, older than `before`."""
        rows = self.queryset if before is None else self.queryset.filter(id__lt=before)
        return list(rows[:limit])


def _identifier(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise IncorrectLookupParameters from None
