"""Runs of the audit are kept with their findings, for a time."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from billing import audit_runs
from billing.audit import Finding
from billing.models import AuditFinding, AuditRun

pytestmark = pytest.mark.django_db


def keep(*wrong: Finding, notices: tuple[Finding, ...] = ()) -> AuditRun:
    return audit_runs.keep(wrong=wrong, notices=notices, names=("I1", "I2", "unpriced"), figures={"held": 5}, duration_ms=12)


def test_a_run_counts_its_findings_by_check() -> None:
    one, two = Finding("I2", "account 1", "x" * 900), Finding("I2", "account 2", "y")
    run = keep(one, two, notices=(Finding("unpriced", "m", "z"),))
    assert (run.found, run.notices, run.checks, run.figures) == (2, 1, {"I1": 0, "I2": 2, "unpriced": 1}, {"held": 5})
    rows = list(AuditFinding.objects.order_by("pk").values_list("check_name", "subject", "detail", "is_notice"))
    assert rows == [("I2", "account 1", "x" * 400, False), ("I2", "account 2", "y", False), ("unpriced", "m", "z", True)]
    assert audit_runs.latest() == run


def test_before_the_first_run_there_is_none() -> None:
    assert audit_runs.latest() is None


def test_old_runs_are_forgotten_with_their_findings() -> None:
    old, new = keep(Finding("I1", "a", "b")), keep()
    AuditRun.objects.filter(pk=old.pk).update(started_at=timezone.now() - datetime.timedelta(days=401))
    audit_runs.forget(now=timezone.now())
    assert list(AuditRun.objects.all()) == [new]
    assert not AuditFinding.objects.exists()
