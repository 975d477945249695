"""Logs from before the move over the API: customers read their own lines, staff their shop's."""

from __future__ import annotations

import pytest

from accounts import past
from accounts.models import Membership
from tests.accounts.test_past import entry
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_everybody_reads_the_lines_that_are_theirs(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    mine, staffs, theirs = entry(end_user, 1), entry(reseller_owner, 2), entry(stranger, 3)
    past.add([mine, staffs, theirs])
    own, desk = program(end_user), program(reseller_owner)
    [line] = own("GET", "past-entries/")[1]["results"]
    assert (line["id"], line["at"], line["model"], line["amount_micros"]) == (str(mine.id), "2026-09-03T12:00:06Z", "gpt-4o", 2)
    assert [one["id"] for one in desk("GET", "past-entries/")[1]["results"]] == [str(staffs.id), str(mine.id)]
    assert [one["id"] for one in desk("GET", f"past-entries/?customer={end_user.pk}&kind=call")[1]["results"]] == [str(mine.id)]
    assert desk("GET", "past-entries/?kind=refund")[1]["results"] == []
    assert own("GET", f"past-entries/{mine.id}/")[1]["output_tokens"] == 4
    assert [own("GET", f"past-entries/{one.id}/")[0] for one in (staffs, theirs)] == [404, 404]
    assert own("POST", "past-entries/", {})[0] == 405
