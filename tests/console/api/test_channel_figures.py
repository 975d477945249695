"""What is known of a channel over the API: the figures of its page, for those whose it is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Membership
from channels_app import channels
from channels_app.models import BalanceReading
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_channel_tells_its_day_and_its_balance(reseller_owner: Membership, stranger: Membership) -> None:
    row = channels.add(name="a", provider="demo", tenant=reseller_owner.tenant)
    BalanceReading.objects.create(channel=row, amount=Decimal("12.5"), currency="USD", at=timezone.now())
    status, told = program(reseller_owner)("GET", f"channels/{row.pk}/figures/")
    assert (status, told["calls"], told["first"], told["failures"], told["margin_micros"]) == (200, 0, None, {}, 0)
    assert [(one["amount"], one["currency"]) for one in told["balances"]] == [("12.500000", "USD")]
    assert program(stranger, host="elsewhere.test")("GET", f"channels/{row.pk}/figures/")[0] == 404
