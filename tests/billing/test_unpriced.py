"""Use that nobody priced: counted, told once, found until there is a price."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import Membership
from billing import price_book, unpriced
from billing.audit import Finding
from billing.models import UnpricedUse
from foundation import outbox

pytestmark = pytest.mark.django_db


def test_use_is_added_up_and_told_to_the_operator_once(platform_admin: Membership, reseller_owner: Membership) -> None:
    unpriced.count([("m", {"tool:web_search": 2}), ("m", {"tool:web_search": 1, "seconds": 60})])
    unpriced.count([("m", {"tool:web_search": 4})])
    rows = UnpricedUse.objects.order_by("unit").values_list("model", "unit", "calls", "amount")
    assert list(rows) == [("m", "seconds", 1, 60), ("m", "tool:web_search", 3, 7)]
    mail.outbox.clear()
    outbox.deliver()
    assert sorted((one.to[0], one.subject) for one in mail.outbox) == [
        ("operator@platform.test", "seconds of m has no price"),
        ("operator@platform.test", "tool:web_search of m has no price"),
    ]
    assert "it was charged nothing" in mail.outbox[0].body


def test_it_is_found_until_it_has_a_price(platform_admin: Membership) -> None:
    price_book.set_price(model="m", input=1_000_000, output=1_000_000)
    unpriced.count([("m", {"tool:web_search": 2})])
    since = f"{UnpricedUse.objects.get().first_at:%Y-%m-%d %H:%M}"
    detail = f"2 in 1 calls since {since} were charged nothing: set a price"
    assert unpriced.findings() == [Finding("unpriced", "tool:web_search of m", detail)]
    price_book.set_price(model="m", input=1_000_000, output=1_000_000, units={"tool:*": 10**10})
    assert unpriced.findings() == []
