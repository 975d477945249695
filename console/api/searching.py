"""Search in the API's lists: words as the search box of the back office takes them, by the same rules."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from console.admin.sites import platform_site
from console.api.filters import Filter

LONGEST = 100


class Search(Filter):
    """Words that rows must hold, wherever the back office looks for them."""

    @property
    def parameter(self) -> OpenApiParameter:
        kind = {"type": "string", "pattern": r"^[^\x00]*$", "maxLength": LONGEST}
        return OpenApiParameter(self.name, kind, OpenApiParameter.QUERY, description="Words, as the back office's search takes them.")

    def read(self, text: str) -> str:
        if len(text) > LONGEST:
            raise ValueError
        return str(super().read(text))

    def narrow(self, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        words = self.value(request)
        if not words:
            return rows
        found, may_repeat = platform_site._registry[rows.model].get_search_results(request._request, rows, words)
        return rows.filter(pk__in=found.order_by().values("pk")) if may_repeat else found


SEARCH = Search("search")


def is_searched(model: type[Model]) -> bool:
    """Tell whether the back office has a search box for rows of this model."""
    admin = platform_site._registry.get(model)
    return admin is not None and bool(admin.search_fields)
