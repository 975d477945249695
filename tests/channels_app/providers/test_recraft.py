"""Recraft tells the units of an account, and who it belongs to, which nobody keeps."""

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
    """Answers who has a key."""

    def handle(self, asked: Asked) -> Given:
        if asked.path != "/v1/users/me" or asked.headers.get("authorization") != f"Bearer {KEY}":
            return Given(orjson.dumps({"code": "unauthorized", "message": "Unauthorized"}), status=401)
        return Given(orjson.dumps({"credits": 1000, "email": "who@x.test", "id": "1", "name": "Who"}))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as started:
        yield started


def balance(vendor: Vendor, key: str) -> Balance:
    facts = talk.channel("recraft", vendor.url, key)
    return asking.balance(facts, facts.keys[0], today=TODAY)


def test_the_units_are_read(vendor: Vendor) -> None:
    assert balance(vendor, KEY) == Balance(Decimal("1000"), "units")


def test_a_refused_key_says_nothing_and_stands_in_no_error(vendor: Vendor) -> None:
    with pytest.raises(NoAnswer) as refused:
        balance(vendor, "sk-wrong-secret")
    assert "sk-wrong-secret" not in str(refused.value)
