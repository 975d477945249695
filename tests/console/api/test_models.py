"""The models one may call over the API: one's own prices, whether they answer, no word of channels."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from billing import price_book
from billing.money import MICROS
from tests.console.api.conftest import program
from tests.console.pages.test_models import checked, sold

pytestmark = pytest.mark.django_db


def test_models_tell_price_and_state_and_name_no_channel(end_user: Membership) -> None:
    checked(sold("good-model", channel="secret-upstream"), ok=True)
    price_book.set_price(model="good-model", input=3 * MICROS, output=9 * MICROS, per_call=10_000, tenant=end_user.tenant)
    status, [told] = program(end_user)("GET", "models/")
    assert (status, told["model"], told["state"], told["first_ms"]) == (200, "good-model", "ok", 120)
    assert (told["input"], told["output"], told["per_call_micros"], told["steps"]) == (3_000_000, 9_000_000, 10_000, [])
    assert "secret-upstream" not in str(told)
