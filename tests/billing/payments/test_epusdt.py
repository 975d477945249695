"""USDT against a BEpusdt of its own: literal numbers signed, only state 2 delivers."""

from __future__ import annotations

import html
import json
import urllib.error
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from billing import capability, gateways
from billing.models import GatewayAccount, WebhookInbox
from billing.payments.base import BadCallback, GatewayError, Message
from billing.payments.epusdt import Epusdt
from foundation import qr
from tests.billing.payments.world import account_at, begin, links, order_and_pay, shop_at, state_of
from tests.billing.shop import attempt as attempt_of
from tests.billing.shop import place, stocked
from tests.doubles.epusdt import TOKEN, EpusdtGateway, sign

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateway() -> Iterator[EpusdtGateway]:
    with EpusdtGateway() as double:
        yield double


@pytest.fixture
def account(gateway: EpusdtGateway, live_server: LiveServer) -> GatewayAccount:
    return account_at(gateway.url, shop_at(live_server.url), "epusdt", trade_type="usdt.trc20")


def test_only_state_two_delivers(gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W5: waiting (1) and over (3) are told as well, and are no money."""
    order, attempt, page = order_and_pay(account, live_server.url)
    assert page == f"{gateway.url}/pay/checkout-counter/T00000001"
    asked = json.loads(gateway.asked[0].body)
    assert (asked["amount"], asked["trade_type"], asked["order_id"]) == (39, "usdt.trc20", attempt.token)

    assert gateway.tell(attempt.token, status=1) == "ok"
    assert state_of(order) == "pending"
    assert gateway.tell(attempt.token, status=2) == "ok"
    assert gateway.tell(attempt.token, status=2) == "ok"
    assert state_of(order) == "delivered"
    assert gateway.tell(attempt.token, status=3) == "ok"
    assert state_of(order) == "delivered"
    attempt.refresh_from_db()
    assert (attempt.provider_transaction, attempt.received_minor) == ("0xabc123", 3900)


def test_the_orders_page_names_the_coins_exactly_and_where_they_go(
    gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W22: another amount than the invoice's is nobody's payment."""
    order, attempt, _page = order_and_pay(account, live_server.url)
    invoice = gateway.invoices[attempt.token]
    page = Client(HTTP_HOST=urlsplit(live_server.url).netloc).get(f"/o/{capability.of(order)}/").content.decode()
    assert "5.49 USDT" in page
    assert 'data-copy="5.49"' in page
    assert "= ¥39.00" in page
    assert "Send USDT by the network TRC20 alone" in page
    assert f'id="pay-to">{invoice["token"]}</span>' in page
    assert f'href="{invoice["payment_url"]}"' in page
    assert qr.data_uri(invoice["token"]) in html.unescape(page)


@pytest.mark.parametrize(
    ("kind", "coin", "chain"),
    [("", "USDT", "TRC20"), ("usdt.polygon", "USDT", "POLYGON"), ("usdc.bep20", "USDC", "BEP20"), ("tron.trx", "TRX", "TRON")],
)
def test_the_kind_of_coin_names_coin_and_network(account: GatewayAccount, gateway: EpusdtGateway, kind: str, coin: str, chain: str) -> None:
    gateways.write(account, {"trade_type": kind}, is_operator=True)
    account.save()
    attempt = attempt_of(stocked(account.tenant), account)
    Epusdt().start(attempt, links=links())
    attempt.refresh_from_db()
    assert (attempt.details["coin"], attempt.details["chain"], attempt.details["coins"]) == (coin, chain, "5.49")


def test_an_account_is_checked_with_its_token_and_nothing_is_made(gateway: EpusdtGateway, account: GatewayAccount) -> None:
    Epusdt().check(account)
    assert gateway.invoices == {}
    gateways.write(account, {"token": "wrong"}, is_operator=True)
    with pytest.raises(GatewayError, match="does not accept the API token: 签名错误"):
        Epusdt().check(account)
    gateways.write(account, {"base": f"{gateway.url}/elsewhere"}, is_operator=True)
    with pytest.raises(GatewayError, match="no JSON"):
        Epusdt().check(account)


def test_the_same_invoice_is_shown_again(gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    attempt = attempt_of(stocked(account.tenant), account)
    first = Epusdt().start(attempt, links=links())
    attempt.refresh_from_db()
    assert Epusdt().start(attempt, links=links()) == first
    assert len(gateway.invoices) == 1


def test_an_expired_invoice_ends_the_payment(gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, _ = order_and_pay(account, live_server.url)
    gateway.tell(attempt.token, status=3)
    attempt.refresh_from_db()
    assert attempt.state == "expired"


def test_numbers_are_signed_as_they_are_spelled(gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, _ = order_and_pay(account, live_server.url)
    spelled = gateway.message(attempt.token).replace(b'"amount": 39', b'"amount": 39.00')
    fields = json.loads(spelled, parse_float=str, parse_int=str)
    signed = spelled.replace(fields["signature"].encode(), sign(fields, TOKEN).encode())
    (event,) = Epusdt().parse(account, Message("POST", {}, {}, {}, signed, attempt.token))
    assert (event.kind, event.amount_minor) == ("paid", 3900)
    with pytest.raises(BadCallback, match="signature is wrong"):
        Epusdt().parse(account, Message("POST", {}, {}, {}, spelled, attempt.token))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order_id": "ANOTHER"}, "a replay"),
        ({"token": "TSomebodyElse"}, "another address"),
        ({"block_transaction_id": ""}, "block_transaction_id"),
        ({"amount": 0}, "no amount"),
        ({"amount": -39}, "no amount"),
        ({"amount": [39]}, "flat"),
    ],
)
def test_what_is_signed_but_does_not_fit_is_refused(
    changes: dict[str, Any], reason: str, gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W7 and W8: an amount is a number above nothing; a list or none is refused."""
    order, attempt, _ = order_and_pay(account, live_server.url)
    message = Message("POST", {}, {}, {}, gateway.message(attempt.token, **changes), attempt.token)
    with pytest.raises(BadCallback, match=reason):
        Epusdt().parse(account, message)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        gateway.tell(attempt.token, **changes)
    assert state_of(order) == "pending"
    assert WebhookInbox.objects.filter(kind="refused").count() == 1


def test_a_refused_invoice_is_said_and_can_be_tried_again(gateway: EpusdtGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    placed_attempt = attempt_of(stocked(account.tenant), account_at(gateway.url, account.tenant, "epusdt", token="wrong"))
    with pytest.raises(GatewayError, match="签名错误"):
        Epusdt().start(placed_attempt, links=links())
    with pytest.raises(BadCallback, match="no JSON"):
        Epusdt().parse(account, Message("POST", {}, {}, {}, b"status=2", placed_attempt.token))


def test_a_gateway_that_is_away_is_said_on_the_order_page(account: GatewayAccount, gateway: EpusdtGateway, live_server: LiveServer) -> None:
    account.options["base"] = "http://127.0.0.1:9"
    account.save(update_fields=["options"])
    order, attempt, back = begin(place(stocked(account.tenant)), account, live_server.url)
    assert back.startswith("/o/")
    assert (order.state, attempt.state) == ("pending", "pending")
