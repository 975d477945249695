"""OpenAI-SB tells what is left to the key in the address."""

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
        if asked.path != "/sb-api/user/status" or asked.query.get("api_key") != KEY:
            return Given(orjson.dumps({"code": "1", "msg": "no such key", "data": None}))
        return Given(orjson.dumps({"code": "0", "msg": "", "data": {"credit": "8126.5", "use_tokens": 12}}))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as started:
        yield started


def balance(vendor: Vendor, key: str) -> Balance:
    facts = talk.channel("openai_sb", vendor.url, key)
    return asking.balance(facts, facts.keys[0], today=TODAY)


def test_the_credit_is_read(vendor: Vendor) -> None:
    assert balance(vendor, KEY) == Balance(Decimal("8126.5"), "credits")


def test_a_refused_key_says_nothing_and_stands_in_no_error(vendor: Vendor) -> None:
    with pytest.raises(NoAnswer) as refused:
        balance(vendor, "sk-wrong-secret")
    assert "sk-wrong-secret" not in str(refused.value)
