"""A call is priced for the group of its customer, and by the tier of its context."""

from __future__ import annotations

from accounts import tenants
from billing import price_book
from channels_app.models import Channel
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
