"""`usage --key PREFIX`."""

from __future__ import annotations

import io
import json
import time

import pytest
from django.core.management import CommandError, call_command

from accounts import keys
from accounts.models import Membership
from foundation import ids
from gateway import settle
from tests.gateway.spooling import Customer, customer


@pytest.fixture
def served(db: None) -> Customer:
    """A customer with two posted calls."""
    one = customer()
    now_ms = time.time_ns() // 1_000_000
    lines = [one.line(10, id=ids.uuid7(now_ms - 5)), one.line(20, id=ids.uuid7(now_ms))]
    settle.post(worker_id=one.worker_id, lines=lines)
    return one


def run(*words: str) -> str:
    out = io.StringIO()
    call_command("usage", *words, stdout=out)
    return out.getvalue()


def test_the_last_calls_come_newest_first(served: Customer) -> None:
    rows = json.loads(run("--key", served.key.prefix, "--json"))

    assert [row["price_micros"] for row in rows] == [20, 10]
    assert (rows[0]["model"], rows[0]["status"], rows[0]["source"]) == ("gpt-x", "ok", "upstream")
    assert rows[0]["usage"] == {"input": 3, "cache_read": 4, "output": 5}


def test_a_table_is_for_people(served: Customer) -> None:
    head, first, _ = run("--key", served.key.prefix).strip().splitlines()

    assert head.split()[:2] == ["time", "model"]
    assert "$0.00002" in first


def test_the_number_of_calls_can_be_limited(served: Customer) -> None:
    assert len(json.loads(run("--key", served.key.prefix, "--limit", "1", "--json"))) == 1


def test_a_prefix_that_fits_no_key_or_several_is_refused(served: Customer, end_user: Membership) -> None:
    keys.issue(membership=end_user, name="another")
    with pytest.raises(CommandError, match="No sub-key begins with sk-none"):
        run("--key", "sk-none")
    with pytest.raises(CommandError, match="More than one sub-key"):
        run("--key", "sk-")
