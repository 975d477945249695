"""The other system's log, brought in to be read: once, for whom it concerns, without a word on money here."""

from __future__ import annotations

import datetime
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from accounts import past
from accounts.models import Membership, Origin, PastEntry, Tenant
from billing import audit
from billing.models import Journal
from console.movein import logs, move
from console.movein.report import Report
from console.movein.sources import Unreadable
from foundation import partitions
from tests.doubles import oneapi_database
from tests.doubles.oneapi_database import FIRST_LOG, Database

Foreign = Callable[..., tuple[Database, str]]

pytestmark = pytest.mark.django_db


def run(dsn: str, tenant: Tenant, *, product: str = "one-api", **options: Any) -> Report:
    settings = {"label": product, "steps": ["people", "logs"], "is_rehearsal": False, **options}
    return move.move(product=product, dsn=dsn, tenant=tenant, **settings)


def test_what_somebody_did_there_is_read_here_and_moves_no_money(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign(people=3, logs=12)
    told = [
        oneapi_database.log(20, people=3, type=1, content="redeemed", quota=500_000, model_name=""),
        oneapi_database.log(21, people=3, type=5, content="a test of secret words", quota=0),
        oneapi_database.log(22, people=3, type=4, user_id=77),
        oneapi_database.log(23, people=3, type=9),
        oneapi_database.log(24, people=3, created_at=0),
    ]
    database.insert("logs", told)
    run(dsn, root_tenant, steps=["people"])
    before = Journal.objects.count()

    report = run(dsn, root_tenant, steps=["logs"])

    assert dict(report.counts) == {("log", "moved"): 13, ("log", "known"): 0, ("log", "left"): 4}
    assert Journal.objects.count() == before
    assert audit.run() == []
    second = Membership.objects.get(pk=Origin.objects.get(kind="person", foreign_id=2).local_id)
    shown, older = past.of(second, before=None, limit=3)
    assert [(row.kind, row.amount_micros, row.text, row.model) for row in shown] == [
        ("topup", 1_000_000, "redeemed", ""), ("call", 22, "", "gpt-4o"), ("call", 16, "", "gpt-4o"),
    ]  # fmt: skip
    assert shown[1].created_at == datetime.datetime.fromtimestamp(FIRST_LOG + 11 * 5, datetime.UTC)
    assert (shown[1].input_tokens, shown[1].output_tokens, shown[1].key_name) == (11, 11, "key 4")
    assert [row.amount_micros for row in past.of(second, before=older, limit=3)[0]] == [10, 4]
    assert not PastEntry.objects.filter(text__contains="secret").exists()


def test_it_comes_only_when_asked_for(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=3, logs=12)
    run(dsn, root_tenant, steps=list(move.USUAL))
    assert not PastEntry.objects.exists()


def test_a_second_run_brings_what_is_missing(foreign: Foreign, root_tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "AT_ONCE", 4)
    database, dsn = foreign(people=3, logs=10)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(past, "add", _stops_at(2, past.add))
        with pytest.raises(KeyboardInterrupt):
            run(dsn, root_tenant)
    assert PastEntry.objects.count() == 8
    database.insert("logs", [oneapi_database.log(11, people=3)])

    report = run(dsn, root_tenant)

    assert (report.counts["log", "moved"], report.counts["log", "known"]) == (3, 8)
    assert run(dsn, root_tenant).counts["log", "moved"] == 0
    assert PastEntry.objects.count() == 11


def _stops_at(number: int, verb: Callable[..., int]) -> Callable[..., int]:
    calls = iter(range(1, 1_000))

    def act(*values: Any) -> int:
        found = verb(*values)
        if next(calls) == number:
            raise KeyboardInterrupt
        return found

    return act


def test_a_rehearsal_counts_and_keeps_nothing(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=3, logs=5)
    assert run(dsn, root_tenant, is_rehearsal=True).counts["log", "moved"] == 5
    assert not PastEntry.objects.exists()


def test_the_log_may_have_a_database_of_its_own(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(product="new-api", people=2)
    apart, log_dsn = foreign(product="new-api")
    apart.insert("logs", [oneapi_database.log(1, people=2, use_time=3)])
    run(dsn, root_tenant, product="new-api", log_dsn=log_dsn)
    assert PastEntry.objects.get().total_ms == 3_000
    apart.run('DROP TABLE "logs"')
    with pytest.raises(Unreadable, match="say --logs-dsn"):
        run(log_dsn, root_tenant, product="new-api", label="other")


def test_each_month_has_its_partition_and_what_is_too_old_stays(foreign: Foreign, root_tenant: Tenant) -> None:
    database, dsn = foreign(people=1)
    month = 31 * 86_400
    rows = [oneapi_database.log(number, created_at=FIRST_LOG - number * month) for number in (1, 2, 3)]
    database.insert("logs", [*rows, oneapi_database.log(9, created_at=FIRST_LOG - 40 * month)])

    report = run(dsn, root_tenant)

    assert (report.counts["log", "moved"], report.counts["log", "left"]) == (3, 1)
    assert partitions.rows_in_default(table=past.TABLE) == 0
    later = datetime.datetime.fromtimestamp(FIRST_LOG + 390 * 86_400, datetime.UTC)
    assert past.forget(now=later) == ["accounts_pastentry_2026_04", "accounts_pastentry_2026_05"]
    assert PastEntry.objects.count() == 1


def test_many_lines_pass_in_little_memory(foreign: Foreign, root_tenant: Tenant) -> None:
    _, dsn = foreign(people=50, logs=20_000)
    run(dsn, root_tenant, steps=["people"])
    tracemalloc.start()
    try:
        assert run(dsn, root_tenant, steps=["logs"]).counts["log", "moved"] == 20_000
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * 1024 * 1024
    assert PastEntry.objects.count() == 20_000
