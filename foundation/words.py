"""Search big tables by words: all words typed, the last by its beginning, each Chinese character a word.

PostgreSQL's own full-text search with its plainest configuration (no stemming, no stop words): the embedded server has
no pg_trgm. A model names what is searched as a GIN index over `Words`; the functions come with this room's migration.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQueryField, SearchVectorField
from django.db.models import BigIntegerField, BooleanField, F, Func, Model, Q, QuerySet, Value

# So many of the newest rows are looked at first: where this many of them match, a word is common, and they will do.
NEWEST = 1_000
COMMON = 50


class Words(Func):
    """The words of some text columns."""

    function = "keyosk_words"
    template = "%(function)s(ARRAY[%(expressions)s]::text[])"
    output_field = SearchVectorField()


class ListedWords(Func):
    """The words of a text column and of a column that is a list of texts."""

    function = "keyosk_words"
    template = "%(function)s(array_prepend(%(expressions)s::text[]))"
    arg_joiner = "::text, "
    output_field = SearchVectorField()


def matching(rows: QuerySet[Any], typed: str) -> QuerySet[Any]:
    """Return the rows of a model with an index over words that hold all that was typed; none when no word was."""
    wanted = Func(Value(typed), function="keyosk_wanted", output_field=SearchQueryField())
    return rows.filter(Func(_indexed(rows.model), wanted, arg_joiner=" @@ ", template="(%(expressions)s)", output_field=BooleanField()))


def find(rows: QuerySet[Any], typed: str, *, by: Iterable[tuple[type[Model], str]]) -> QuerySet[Any]:
    """Narrow rows to those that refer, by a column, to a row with the words: `by` are searched models and these columns.

    A word that many of the newest rows hold finds only these: somebody who wants an older one types more.
    """
    columns = tuple(by)
    newest = list(rows.order_by("-pk").values_list(*(column for _model, column in columns))[:NEWEST])
    hits = [_hits(model, {row[place] for row in newest}, typed) for place, (model, _column) in enumerate(columns)]
    if sum(map(len, hits)) >= COMMON:
        return rows.filter(_any(Q(**{f"{column}__in": found}) for (_model, column), found in zip(columns, hits, strict=True)))
    return rows.filter(_any(Q(_among(column, _numbers(matching(model._base_manager.all(), typed)))) for model, column in columns))


def _hits(model: type[Model], chosen: set[Any], typed: str) -> list[Any]:
    # One array, not a thousand parameters: writing and reading those takes longer than the query.
    newest = _among("pk", Value(list(chosen), output_field=ArrayField(BigIntegerField())))
    return list(matching(model._base_manager.filter(newest), typed).values_list("pk", flat=True))


def _among(column: str, numbers: Value | ArraySubquery) -> Func:
    """Compare with an array, which is made first: the planner would join with a query and read the whole table."""
    return Func(F(column), numbers, arg_joiner=" = ANY(", template="(%(expressions)s))", output_field=BooleanField())


def _numbers(found: QuerySet[Any]) -> ArraySubquery:
    return ArraySubquery(found.values("pk"))


def _any(conditions: Iterable[Q]) -> Q:
    found = Q()
    for condition in conditions:
        found |= condition
    return found


def _indexed(model: type[Model]) -> Any:
    """Return the expression of the model's index, so that PostgreSQL knows it again."""
    for index in model._meta.indexes:
        if isinstance(index, GinIndex) and index.expressions:
            return index.expressions[0]
    raise LookupError(f"{model.__name__} has no index over words")
