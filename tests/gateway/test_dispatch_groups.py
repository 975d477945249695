"""A call is priced for the group of its customer, by the tier of its context, and by what counts at its time."""

from __future__ import annotations

import datetime
import time

from django.utils import timezone

from accounts import tenants
from billing import price_book
from channels_app.models import Channel
from tests.doubles.upstream import Upstream
from tests.gateway.conftest import HELLO, PRICE, Caller, lines
from tests.gateway.live import LiveRelay


def test_a_group_pays_its_own_price(relay: LiveRelay, caller: Caller, channel: Channel) -> None:
    Channel.objects.filter(pk=channel.pk).update(groups=["default", "vip"])
    caller.membership.group = "vip"
    caller.membership.save(update_fields=["group"])
    tenants.announce()
    price_book.set_price(
        model="m", tenant=caller.membership.tenant, input=5_000_000, output=20_000_000, tiers=[{"above": 11, "input": 10_000_000}]
    )
    rate = price_book.set_group(tenant=caller.membership.tenant, group="vip", factor=900_000)
    answer = relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO)
    assert answer.status_code == 200
    (line,) = lines(relay)
    # 12 tokens of context are above 11: 12 × 10 × 0.9 + 4 × 20 × 0.9 = 108 + 72; wholesale 12 × 2.5 + 4 × 10
    assert (line.price, [amount for _account, amount in line.splits]) == (180, [PRICE, 180 - PRICE])
    assert line.book.split()[-1] == f"g{rate.pk}"


def test_a_planned_price_wakes_the_relay_at_its_time(relay: LiveRelay, caller: Caller) -> None:
    def pay() -> int:
        assert relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO).status_code == 200
        return lines(relay)[-1].price

    begins = timezone.now() + datetime.timedelta(seconds=2)
    price_book.set_price(model="m", input=5_000_000, output=20_000_000, begins=begins)
    assert pay() == PRICE
    deadline = time.monotonic() + 20
    while (price := pay()) == PRICE and time.monotonic() < deadline:
        time.sleep(0.1)
    assert price == 2 * PRICE
    assert timezone.now() >= begins


def test_a_model_without_a_price_for_what_it_writes_is_refused(relay: LiveRelay, caller: Caller, upstream: Upstream) -> None:
    price_book.set_price(model="m", input=2_500_000, is_confirmed=True)

    answer = relay.http.post("/v1/chat/completions", headers=caller.headers, json=HELLO)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")
    assert answer.json()["error"]["message"] == "The model m has no price for output here."
    assert (upstream.requests, lines(relay)) == ([], [])
