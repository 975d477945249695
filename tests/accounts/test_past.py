"""Logs from before the move: who may read them, and how they end."""

from __future__ import annotations

import datetime

import pytest

from accounts import erasure, past
from accounts.models import Membership, PastEntry
from accounts.past import Entry
from foundation.ids import time_of

pytestmark = pytest.mark.django_db

AT = datetime.datetime(2026, 9, 3, 12, 0, 5, tzinfo=datetime.UTC)


def entry(member: Membership, number: int) -> Entry:
    identifier = past.identify(source="one-api", number=number, at=AT + datetime.timedelta(seconds=number))
    return Entry(identifier, member.tenant_id, member.pk, "call", "gpt-4o", "key", 2, 3, 4, 5, "")


def test_a_line_has_one_id_that_holds_its_time() -> None:
    first = past.identify(source="one-api", number=1, at=AT)
    assert first == past.identify(source="one-api", number=1, at=AT)
    assert len({first, past.identify(source="one-api", number=2, at=AT), past.identify(source="other", number=1, at=AT)}) == 3
    assert (time_of(first), first.version) == (AT, 7)


def test_lines_are_kept_once(end_user: Membership) -> None:
    assert past.add([entry(end_user, 1), entry(end_user, 2)]) == 2
    assert past.add([entry(end_user, 2), entry(end_user, 3)]) == 1
    assert past.add([]) == 0
    assert PastEntry.objects.count() == 3
    assert list(PastEntry.objects.between(AT, AT + datetime.timedelta(seconds=3)).values_list("input_tokens", flat=True)) == [3, 3]


def test_who_is_forgotten_leaves_no_line(end_user: Membership, stranger: Membership) -> None:
    past.add([entry(end_user, 1), entry(stranger, 2)])
    erasure.erase(user=end_user.user)
    assert list(PastEntry.objects.values_list("membership", flat=True)) == [stranger.pk]
    assert (past.has_any(end_user), past.has_any(stranger)) == (False, True)
