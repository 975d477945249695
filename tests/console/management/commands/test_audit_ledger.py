"""Auditing on the command line: waits for the spools, says what is wrong, fails when something is."""

from __future__ import annotations

import json
import uuid
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import LedgerAccount
from gateway.spool import Writer
from tests.gateway.spooling import Customer, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def spool(tmp_path: Path, settings: Any) -> Path:
    settings.SPOOL_DIR = tmp_path
    return tmp_path


@pytest.fixture
def who() -> Customer:
    return customer()


def test_right_books_are_ok(who: Customer, spool: Path) -> None:
    out = StringIO()
    call_command("audit_ledger", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"ok": True, "findings": []}


def test_wrong_books_fail_and_name_the_row(who: Customer, spool: Path) -> None:
    LedgerAccount.objects.filter(pk=who.main).update(held=499)
    out = StringIO()
    with pytest.raises(CommandError, match="1 findings"):
        call_command("audit_ledger", "--json", stdout=out)
    finding = {"invariant": "I3", "subject": f"account {who.main}", "detail": "held 499, holds and slices 500"}
    assert json.loads(out.getvalue()) == {"ok": False, "findings": [finding]}


def test_lines_that_are_not_posted_are_waited_for(who: Customer, spool: Path) -> None:
    writer = Writer(spool, uuid.uuid4())
    writer.append(who.line(10))
    with pytest.raises(CommandError, match="is the flusher running"):
        call_command("audit_ledger", "--wait", "0.2")
    writer.close()


def test_a_replay_posts_what_is_on_the_disk(who: Customer, spool: Path) -> None:
    writer = Writer(spool, who.worker_id)
    writer.append(who.line(10))
    writer.close()
    out = StringIO()
    call_command("replay_spools", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"posted": 1}
    assert who.wallet().balance == 990
