"""Month partitions: a year ahead, with a DEFAULT that says when one is missing."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection

from foundation import partitions
from foundation.ids import uuid7_floor

pytestmark = pytest.mark.django_db
TABLE = "keyosk_test_parted"
INSERT = "INSERT INTO keyosk_test_parted VALUES (%s)"


@pytest.fixture(autouse=True)
def _table() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (id uuid PRIMARY KEY) PARTITION BY RANGE (id)")


def test_months_cross_the_year() -> None:
    starts = partitions.month_starts(first=datetime.date(2026, 11, 23), months=3)
    assert [f"{start:%Y-%m-%d}" for start in starts] == ["2026-11-01", "2026-12-01", "2027-01-01"]


def test_missing_months_are_made_once() -> None:
    today = datetime.date(2026, 11, 23)
    made = partitions.ensure(table=TABLE, today=today, ahead=2)
    assert made == [f"{TABLE}_default", f"{TABLE}_2026_11", f"{TABLE}_2026_12", f"{TABLE}_2027_01"]
    assert partitions.ensure(table=TABLE, today=today, ahead=2) == []
    assert partitions.ensure(table=TABLE, today=datetime.date(2026, 12, 1), ahead=2) == [f"{TABLE}_2027_02"]
    assert partitions.oldest(table=TABLE) == datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


def test_a_row_goes_to_its_month_and_a_stray_one_to_default() -> None:
    partitions.ensure(table=TABLE, today=datetime.date(2026, 11, 23), ahead=1)
    with connection.cursor() as cursor:
        for month in (11, 12):
            cursor.execute(INSERT, [uuid7_floor(datetime.datetime(2026, month, 1, tzinfo=datetime.UTC))])
        assert partitions.rows_in_default(table=TABLE) == 0
        cursor.execute(INSERT, [uuid7_floor(datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))])
        cursor.execute("SELECT count(*) FROM keyosk_test_parted_2026_12")
        assert cursor.fetchone()[0] == 1
    assert partitions.rows_in_default(table=TABLE) == 1


def test_a_table_without_months_has_no_oldest() -> None:
    assert partitions.oldest(table=TABLE) is None


def test_a_month_takes_its_rows_out_of_default() -> None:
    partitions.ensure(table=TABLE, today=datetime.date(2026, 11, 23), ahead=0)
    december, january = (datetime.datetime(year, month, 1, tzinfo=datetime.UTC) for year, month in ((2026, 12), (2027, 1)))
    with connection.cursor() as cursor:
        for moment in (december, january):
            cursor.execute(INSERT, [uuid7_floor(moment)])
        assert partitions.ensure(table=TABLE, today=datetime.date(2026, 12, 1), ahead=0) == [f"{TABLE}_2026_12"]
        cursor.execute("SELECT id FROM keyosk_test_parted_2026_12")
        assert cursor.fetchall() == [(uuid7_floor(december),)]
    assert partitions.rows_in_default(table=TABLE) == 1


def test_a_dropped_month_is_gone() -> None:
    partitions.ensure(table=TABLE, today=datetime.date(2026, 11, 23), ahead=1)
    november, december = partitions.months(table=TABLE)
    assert (november.end, december.name) == (december.start, f"{TABLE}_2026_12")
    assert (partitions.drop(november), partitions.drop(november)) == (True, False)
    assert partitions.months(table=TABLE) == [december]
    assert partitions.oldest(table=TABLE) == datetime.datetime(2026, 12, 1, tzinfo=datetime.UTC)
