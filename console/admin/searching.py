"""Search big tables by an index: by what the typed text says it is (an address, a key's beginning), else by its words."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from foundation import words


class IndexedSearch:
    """`indexed_search` are marks and lookups: a text with the mark is looked up by its beginning; all others by `searched_words`."""

    indexed_search: ClassVar[tuple[tuple[str, str], ...]] = ()
    # Models with an index over words, and the columns by which rows of this list refer to them.
    searched_words: ClassVar[tuple[tuple[type[Model], str], ...]] = ()

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> tuple[QuerySet[Any], bool]:
        text = search_term.strip()
        for mark, lookup in self.indexed_search:
            if mark in text:
                return queryset.filter(**{f"{lookup}__startswith": _fitted(text, lookup)}), False
        return (words.find(queryset, text, by=self.searched_words) if text else queryset), False


def _fitted(text: str, lookup: str) -> str:
    """Addresses are kept in lower case; of a pasted key only the public prefix is known."""
    return text[:10] if lookup == "prefix" else text.lower()
