"""The ledger over the API: read, never written; a shop sees what touches its accounts; audits are the platform's."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from billing import ledger
from billing.models import AuditFinding, AuditRun
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def fill(member: Membership, micros: int) -> int:
    issuer, stock = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=member.tenant_id)
    line = ledger.Line(issuer.pk, stock.pk, micros)
    return ledger.post(kind="purchase", key=f"more {member.pk}", lines=[line], tenant_id=member.tenant_id, memo="first stock").pk


def test_accounts_journals_and_transfers_are_read(reseller_owner: Membership, stranger: Membership) -> None:
    ours, theirs = fill(reseller_owner, 5_000_000), fill(stranger, 7_000_000)
    call = program(reseller_owner)
    accounts = call("GET", "ledger-accounts/?kind=stock")[1]["results"]
    assert [(one["shop"], one["balance"]) for one in accounts] == [("teahouse", 5_000_000)]
    assert [one["id"] for one in call("GET", "journals/")[1]["results"]] == [ours]
    told = call("GET", f"journals/{ours}/")[1]
    assert (told["memo"], [(one["source_kind"], one["target_kind"], one["amount"]) for one in told["transfers"]]) == (
        "first stock", [("issuer", "stock", 5_000_000)]
    )  # fmt: skip
    assert [one["amount"] for one in call("GET", f"transfers/?target={accounts[0]['id']}")[1]["results"]] == [5_000_000]
    assert call("GET", f"journals/{theirs}/")[0] == 404
    assert [call("POST", path, {})[0] for path in ("journals/", "transfers/", "ledger-accounts/")] == [405] * 3


def test_staff_read_a_customers_statement(reseller_owner: Membership, end_user: Membership, stranger: Membership) -> None:
    issuer, wallet = ledger.account(kind="issuer"), ledger.wallet(membership_id=end_user.pk)
    ledger.transfer(kind="grant", key="gift", src_id=issuer.pk, dst_id=wallet.pk, amount=9)
    path = f"customers/{end_user.pk}/statement/"
    assert [one["amount_micros"] for one in program(reseller_owner)("GET", path)[1]["results"]] == [9]
    assert program(stranger, host="elsewhere.test")("GET", path)[0] == 404
    assert program(end_user)("GET", path)[0] == 404


def test_audits_are_the_platforms(platform_admin: Membership, reseller_owner: Membership) -> None:
    run = AuditRun.objects.create(duration_ms=5, checks={"I1": 1}, found=1)
    AuditFinding.objects.create(run=run, check_name="I1", subject="account 1", detail="off by 1")
    told = program(platform_admin, host="platform.test")("GET", f"audits/{run.pk}/")[1]
    assert (told["found"], [one["subject"] for one in told["findings"]]) == (1, ["account 1"])
    call = program(reseller_owner)
    assert [call(method, path)[0] for method, path in (("GET", "audits/"), ("GET", f"audits/{run.pk}/"), ("POST", "audits/"))] == [404] * 3
