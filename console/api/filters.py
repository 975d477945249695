"""Filters of the API's lists: each is one query parameter, checked, and told in the schema."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import exceptions
from rest_framework.request import Request

from foundation.translations import SLUG, with_slug

LARGEST = 2**63 - 1
FIRST, LAST = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2020, 2100))


class Filter:
    """One query parameter that narrows a list by one lookup."""

    kind: Any = str

    def __init__(self, name: str, lookup: str = "", *, is_list: bool = False) -> None:
        self.name = name
        self.lookup = lookup or name
        self._is_list = is_list

    @property
    def parameter(self) -> OpenApiParameter:
        """Return the parameter as the schema names it."""
        return OpenApiParameter(self.name, self.kind, OpenApiParameter.QUERY)

    def value(self, request: Request) -> Any:
        """Return what was asked for, None when nothing was; raise 400 for what is malformed."""
        if self.name not in request.query_params:
            return None
        try:
            return self.read(request.query_params[self.name])
        except ValueError:
            raise exceptions.ValidationError({self.name: [_("This value is not valid.")]}) from None

    def read(self, text: str) -> Any:
        """Return the value of a text; raise ValueError."""
        if "\x00" in text:
            raise ValueError
        return text

    def narrow(self, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        """Keep the rows that were asked for."""
        value = self.value(request)
        return rows if value is None else rows.filter(**{self.lookup: [value] if self._is_list else value})


class Text(Filter):
    """A text."""

    @property
    def parameter(self) -> OpenApiParameter:
        return OpenApiParameter(self.name, {"type": "string", "pattern": r"^[^\x00]*$"}, OpenApiParameter.QUERY)


class Slug(Text):
    """A short name in any language."""

    def __init__(self) -> None:
        super().__init__(SLUG)

    def narrow(self, rows: QuerySet[Any], request: Request) -> QuerySet[Any]:
        value = self.value(request)
        return rows if value is None else rows.filter(with_slug(value))


class Number(Filter):
    """A number of an object."""

    kind = int

    @property
    def parameter(self) -> OpenApiParameter:
        return OpenApiParameter(self.name, {"type": "integer", "minimum": 0, "maximum": LARGEST}, OpenApiParameter.QUERY)

    def read(self, text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if not 0 <= number <= LARGEST:
            raise ValueError
        return number


class Flag(Filter):
    """Yes or no."""

    kind = bool

    def read(self, text: str) -> bool:
        if text not in {"true", "false"}:
            raise ValueError
        return text == "true"


class Unique(Filter):
    """A UUID."""

    kind = OpenApiTypes.UUID

    def read(self, text: str) -> UUID:
        return UUID(text)


class Choice(Filter):
    """One of some words."""

    def __init__(self, name: str, words: Sequence[str], lookup: str = "") -> None:
        super().__init__(name, lookup)
        self._words = tuple(words)

    @property
    def parameter(self) -> OpenApiParameter:
        return OpenApiParameter(self.name, str, OpenApiParameter.QUERY, enum=self._words)

    def read(self, text: str) -> str:
        if text not in self._words:
            raise ValueError
        return text


class Day(Filter):
    """A day in UTC."""

    kind = OpenApiTypes.DATE

    def read(self, text: str) -> datetime.datetime:
        day = datetime.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=datetime.UTC)
        # Further off there is nothing, and ids hold no such time.
        return min(max(day, FIRST), LAST)


class LastDay(Day):
    """A day in UTC that is itself within: the lookup is `<` the day after."""

    def read(self, text: str) -> datetime.datetime:
        return super().read(text) + datetime.timedelta(days=1)
