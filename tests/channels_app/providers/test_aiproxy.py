"""AIProxy tells the points of an account to a header of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import orjson
import pytest

from channels_app import asking
from channels_app.inquiry import Balance, NoAnswer
from tests.channels_app import talk
from tests.doubles.web import Asked, Given, Service

KEY = "sk-0123456789abcdef"
TODAY = date(2026, 11, 26)


class Vendor(Service):
    """Answers refusals with 200, as the relay does."""

    def handle(self, asked: Asked) -> Given:
        if asked.path != "/api/report/getUserOverview" or asked.headers.get("api-key") != KEY:
            return Given(orjson.dumps({"success": False, "message": "wrong key", "data": None}))
        return Given(orjson.dumps({"success": True, "message": "", "data": {"totalPoints": 1250.75}}))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as started:
        yield started


def balance(vendor: Vendor, key: str) -> Balance:
    facts = talk.channel("aiproxy", vendor.url, key)
    return asking.balance(facts, facts.keys[0], today=TODAY)


def test_the_points_are_read(vendor: Vendor) -> None:
    assert balance(vendor, KEY) == Balance(Decimal("1250.75"), "points")


def test_a_refused_key_says_nothing_and_stands_in_no_error(vendor: Vendor) -> None:
    with pytest.raises(NoAnswer) as refused:
        balance(vendor, "sk-wrong-secret")
    assert "sk-wrong-secret" not in str(refused.value)
