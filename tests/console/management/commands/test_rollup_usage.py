"""Summing usage from the command line."""

from __future__ import annotations

import datetime
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts import keys
from accounts.models import Membership
from foundation.ids import uuid7
from gateway.models import UsageHour, UsageRecord

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture(autouse=True)
def now(end_user: Membership) -> datetime.datetime:
    """The moment of the last of three calls; the others are a day and five days older."""
    key, moment = keys.issue(membership=end_user, name="k").key, timezone.now()
    for days in (0, 1, 5):
        stamp = int((moment - days * DAY).timestamp() * 1000)
        UsageRecord.objects.create(
            id=uuid7(stamp), tenant_id=end_user.tenant_id, membership=end_user, api_key=key, model="m", price_micros=10
        )
    return moment


def _run(*options: str) -> object:
    out = StringIO()
    call_command("rollup_usage", *options, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_everything_is_summed_and_once_more_the_same() -> None:
    assert (_run(), _run()) == ({"hours": 3}, {"hours": 3})
    assert list(UsageHour.objects.values_list("calls", "price_micros")) == [(1, 10)] * 3


def test_only_what_changed_is_summed() -> None:
    assert (_run("--changed"), _run("--changed")) == ({"hours": 3}, {"hours": 0})


def test_since_a_day_sums_from_there_on(now: datetime.datetime) -> None:
    _run()
    UsageRecord.objects.update(price_micros=11)
    assert _run("--since", f"{now - 2 * DAY:%Y-%m-%d}") == {"hours": 2}
    assert list(UsageHour.objects.order_by("start").values_list("price_micros", flat=True)) == [10, 11, 11]


def test_a_day_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="--since"):
        _run("--since", "yesterday")
