"""What requests know by heart: good for one version, of one request, and never in a transaction."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from foundation.remembered import Remembered, RememberingMiddleware

pytestmark = pytest.mark.django_db(transaction=True)


class Shelf:
    """A counter of loads."""

    def __init__(self) -> None:
        self.loads = 0
        self.kept: Remembered[str, str] = Remembered("t-one", "t-two", load=self._load)

    def _load(self, key: str) -> str:
        self.loads += 1
        return f"{key} {self.loads}"

    def request(self, *keys: str) -> list[str]:
        found: list[str] = []

        def answer(request: HttpRequest) -> HttpResponse:
            found.extend(self.kept.get(key) for key in keys)
            return HttpResponse()

        RememberingMiddleware(answer)(HttpRequest())
        return found


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def change(kind: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO foundation_snapshotversion (kind, version) VALUES (%s, nextval('foundation_snapshot_versions'))"
            " ON CONFLICT (kind) DO UPDATE SET version = nextval('foundation_snapshot_versions')",
            [kind],
        )


def test_a_value_is_loaded_once_until_one_of_its_kinds_changes(shelf: Shelf) -> None:
    assert shelf.request("a", "a", "b") == ["a 1", "a 1", "b 2"]
    assert shelf.request("a") == ["a 1"]
    change("t-two")
    assert shelf.request("a") == ["a 3"]
    change("t-other")
    assert shelf.request("a") == ["a 3"]


def test_outside_requests_and_in_transactions_nothing_is_remembered(shelf: Shelf) -> None:
    assert shelf.request("a") == ["a 1"]
    assert [shelf.kept.get("a"), shelf.kept.get("a")] == ["a 2", "a 3"]
    with transaction.atomic():
        assert shelf.request("a") == ["a 4"]
    assert shelf.request("a") == ["a 1"]


def test_a_request_sees_what_was_there_when_it_began_to_remember(shelf: Shelf) -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        first = shelf.kept.get("a")
        change("t-one")
        assert shelf.kept.get("a") == first
        return HttpResponse()

    RememberingMiddleware(answer)(HttpRequest())
    assert shelf.request("a") == ["a 2"]


def test_one_small_query_asks_for_all_versions(shelf: Shelf, django_assert_num_queries: object) -> None:
    shelf.request("a")
    with django_assert_num_queries(1):  # type: ignore[operator]  # pytest-django's context manager
        shelf.request("a", "b", "a")
