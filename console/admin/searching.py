"""Search big tables by an index where the typed text says what it is: an address, a key's beginning."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest


class IndexedSearch:
    """`indexed_search` are marks and lookups: a text with the mark is looked up by its beginning, any other as Django does."""

    indexed_search: ClassVar[tuple[tuple[str, str], ...]] = ()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        for mark, lookup in self.indexed_search:
            if mark in text:
                return queryset.filter(**{f"{lookup}__startswith": _fitted(text, lookup)}), False
        found: tuple[QuerySet[Any], bool] = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]  # a mixin
        return found


def _fitted(text: str, lookup: str) -> str:
    """Addresses are kept in lower case; of a pasted key only the public prefix is known."""
    return text[:10] if lookup == "prefix" else text.lower()
