"""Filters of the back office's templates."""

from __future__ import annotations

from accounts.models import AuditEvent
from console.templatetags import keyosk_admin


def test_changes_pair_before_and_after_and_leave_out_what_stays_empty() -> None:
    event = AuditEvent(before={"rpm": 10, "tpm": None}, after={"rpm": 20, "tpm": None, "name": "x", "note": ""})
    assert keyosk_admin.changes(event) == [("rpm", 10, 20), ("name", None, "x")]


def test_money_is_written_in_dollars_and_nothing_as_a_dash() -> None:
    assert keyosk_admin.usd(1_188) == "$0.001188"
    assert keyosk_admin.usd(None) == "—"
