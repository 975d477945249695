"""Spending limits of sub-keys: set, read, and which of them a call has to fit in."""

from __future__ import annotations

import datetime
import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership
from billing import limits
from billing.models import KeyBudget
from foundation import snapshots
from tests.billing.conftest import make_key, make_member
from tests.zones import noonday

pytestmark = pytest.mark.django_db


def test_a_key_without_limits_has_no_budgets(member: Membership) -> None:
    """W20: no limit is none, not a limit of nothing."""
    key = make_key(member)
    assert limits.budgets_of(key.pk) == ()
    assert limits.windows(api_key_id=key.pk) == []


def test_an_allowance_is_one_budget_with_its_windows() -> None:
    key = make_key(make_member(zone=noonday()))
    budget = limits.set_allowance(api_key_id=key.pk, total_micros=5_000_000, day_micros=1_000_000)
    assert limits.budgets_of(key.pk) == (limits.Budget(budget.pk),)
    in_all, day = limits.windows(api_key_id=key.pk)
    assert in_all == limits.Window("key", 0, 5_000_000, None)
    assert (day.scope, day.limit_micros) == ("day", 1_000_000)
    assert day.resets_at is not None
    assert datetime.timedelta(0) < day.resets_at - timezone.now() <= datetime.timedelta(days=1)


def test_an_allowance_taken_away_leaves_no_budget(member: Membership) -> None:
    key = make_key(member)
    limits.set_allowance(api_key_id=key.pk, total_micros=5)
    KeyBudget.objects.update(total_used=3)
    limits.set_allowance(api_key_id=key.pk)
    assert limits.budgets_of(key.pk) == ()
    assert KeyBudget.objects.get().total_used == 3, "what was used is not forgotten"


def test_a_limit_is_recalled_from_the_workers(member: Membership) -> None:
    budget = limits.set_allowance(api_key_id=make_key(member).pk, day_micros=5)
    assert budget.recall_at is not None


def test_a_limit_below_zero_is_refused(member: Membership) -> None:
    """W20: -1 is no word for "unlimited"."""
    with pytest.raises(ValueError, match="0 or more"):
        limits.set_allowance(api_key_id=make_key(member).pk, day_micros=-1)


def test_a_window_that_has_passed_counts_as_unused(member: Membership) -> None:
    key = make_key(member)
    limits.set_allowance(api_key_id=key.pk, five_hours_micros=100, week_micros=100)
    now = timezone.now()
    KeyBudget.objects.update(
        five_hours_used=60,
        five_hours_start=now - datetime.timedelta(hours=5, seconds=1),
        week_used=70,
        week_start=now - datetime.timedelta(days=8),
    )
    assert [(one.scope, one.spent_micros) for one in limits.windows(api_key_id=key.pk)] == [("5h", 0), ("week", 0)]
    KeyBudget.objects.update(five_hours_start=now - datetime.timedelta(hours=4))
    assert limits.windows(api_key_id=key.pk)[0].spent_micros == 60


def test_the_relay_hears_of_new_limits_but_not_of_use(member: Membership) -> None:
    key = make_key(member)
    before = snapshots.read_versions().get("keys", 0)
    limits.set_allowance(api_key_id=key.pk, day_micros=100)
    changed = snapshots.read_versions()["keys"]
    assert changed > before
    KeyBudget.objects.update(day_used=5, held=5)
    assert snapshots.read_versions()["keys"] == changed


def test_the_tightest_of_several_windows_is_what_is_left(member: Membership) -> None:
    key = make_key(member)
    limits.set_allowance(
        api_key_id=key.pk, total_micros=9_000, five_hours_micros=5_000, day_micros=6_000, week_micros=7_000, month_micros=8_000
    )
    began = timezone.now() - datetime.timedelta(hours=1)
    KeyBudget.objects.update(five_hours_used=4_000, five_hours_start=began)

    state = limits.state(key.pk)

    assert [(one.scope, one.limit_micros, one.spent_micros) for one in state.windows] == [
        ("key", 9_000, 0), ("5h", 5_000, 4_000), ("day", 6_000, 0), ("week", 7_000, 0), ("month", 8_000, 0),
    ]  # fmt: skip
    assert state.left_micros == 1_000
    assert state.of("5h") == limits.Window("5h", 4_000, 5_000, began + datetime.timedelta(hours=5))


def test_days_end_at_midnight_of_the_tenant() -> None:
    key = make_key(make_member("tokyo", zone="Asia/Tokyo"))
    limits.set_allowance(api_key_id=key.pk, day_micros=100)

    (day,) = limits.state(key.pk).windows

    assert day.resets_at is not None
    there = day.resets_at.astimezone(zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert (there.hour, there.minute, there.second) == (0, 0, 0)


def test_a_limit_below_what_is_used_leaves_nothing(member: Membership) -> None:
    key = make_key(member)
    limits.set_allowance(api_key_id=key.pk, total_micros=1_000)
    KeyBudget.objects.update(total_used=600, held=200)

    budget = limits.set_allowance(api_key_id=key.pk, total_micros=500)

    assert (budget.total_limit, budget.total_used, budget.held) == (500, 600, 200)
    assert limits.state(key.pk).left_micros == 0


def test_many_keys_are_read_at_once(member: Membership, django_assert_num_queries: Callable[[int], Any]) -> None:
    first, second, bare = make_key(member), make_key(member), make_key(member)
    limits.set_allowance(api_key_id=first.pk, total_micros=1)
    limits.set_allowance(api_key_id=second.pk, day_micros=2)

    with django_assert_num_queries(1):
        found = limits.states([first.pk, second.pk, bare.pk])

    assert {key: state.left_micros for key, state in found.items()} == {first.pk: 1, second.pk: 2}
    assert limits.state(bare.pk).left_micros is None
