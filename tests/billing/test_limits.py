"""Spending limits of sub-keys: set, read, and which of them a call has to fit in."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from accounts.models import Membership
from billing import limits
from billing.models import KeyBudget
from foundation import snapshots
from tests.billing.conftest import make_key

pytestmark = pytest.mark.django_db


def test_a_key_without_limits_has_no_budgets(member: Membership) -> None:
    key = make_key(member)
    assert limits.budgets_of(key.pk) == ()
    assert limits.windows(api_key_id=key.pk) == []


def test_an_allowance_is_one_budget_with_its_windows(member: Membership) -> None:
    key = make_key(member)
    budget = limits.set_allowance(api_key_id=key.pk, total_micros=5_000_000, day_micros=1_000_000)
    assert limits.budgets_of(key.pk) == (budget.pk,)
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
