"""Runs of the audit in the back office."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from billing import audit_runs
from billing.audit import Finding
from billing.models import AuditRun
from foundation import queue
from gateway import reconcile, tasks

pytestmark = pytest.mark.django_db
LIST = "/admin/billing/auditrun/"
BILL = {
    "channel": 3, "key": None, "balance": 5_000_000, "taken": 12_000_000, "counted": 10_000_000, "uncosted": 0, "drift": 2_000_000,
    "proposal": "multiply the cost of this channel's models by 1.200",
}  # fmt: skip


@pytest.fixture
def run() -> AuditRun:
    figures = {"wallets": 4_200_000, "upstream": None, "bills": [BILL], "at_gateways": [{"account": 9, "currency": "CNY", "minor": 3900}]}
    return audit_runs.keep(
        wrong=[Finding("I2", "account 7", "balance 984, in - out 985")],
        notices=[Finding("unpriced", "seconds of m", "3 in 1 calls")],
        names=reconcile.NAMES,
        figures=figures,
        duration_ms=1234,
    )


def test_the_list_says_how_each_run_ended(operator: Client, run: AuditRun) -> None:
    audit_runs.keep(wrong=[], notices=[], names=reconcile.NAMES, figures={}, duration_ms=1)
    page = operator.get(LIST).content.decode()
    assert page.index("all agrees") < page.index("1 finding")
    assert "1,234 ms" in page


def test_a_run_shows_findings_figures_and_vendors(operator: Client, run: AuditRun) -> None:
    page = operator.get(f"{LIST}{run.pk}/change/").content.decode()
    for text in ("account 7", "balance 984, in - out 985", "seconds of m", "$4.20", "$12.00", "models by 1.200", "I12: 0", "¥39.00"):
        assert text in page, text
    assert operator.post(f"{LIST}{run.pk}/change/", {"found": "0"}).status_code == 403


def test_the_books_are_audited_when_asked(operator: Client, run: AuditRun, monkeypatch: pytest.MonkeyPatch) -> None:
    address = reverse("admin:billing_auditrun_audit_now")
    page = operator.get(LIST)
    assert address in page.content.decode()
    asked: list[str] = []

    def send(task: str, *, expires: float) -> bool:
        asked.append(task)
        return len(asked) == 1

    monkeypatch.setattr(queue, "send", send)
    assert operator.get(address).status_code == 200
    assert not asked
    assert "The books are being looked at" in operator.post(address, follow=True).content.decode()
    assert asked == [tasks.audit_now.name]
    assert "The queue does not answer" in operator.post(address, follow=True).content.decode()


def test_shops_have_no_such_page(desk: Client, run: AuditRun) -> None:
    assert desk.get("/reseller/billing/auditrun/").status_code == 404
