"""epay against a gateway of its own: what is signed, what is believed, and each forgery that once worked elsewhere."""

from __future__ import annotations

import html
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import tenants
from accounts.models import Tenant
from billing import callbacks, capability, gateways, orders, rates
from billing.models import Code, GatewayAccount, PaymentAttempt, WebhookInbox
from billing.payments import base
from billing.payments.base import BadCallback, GatewayError, Message
from billing.payments.epay import Epay
from foundation import qr
from tests.billing.payments.world import account_at, order_and_pay, shop_at, state_of
from tests.billing.shop import held
from tests.doubles.epay import EpayGateway, md5, send

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gateway() -> Iterator[EpayGateway]:
    with EpayGateway() as double:
        yield double


@pytest.fixture
def account(gateway: EpayGateway, live_server: LiveServer) -> GatewayAccount:
    return account_at(gateway.url, shop_at(live_server.url), "epay")


def visit(url: str) -> None:
    urllib.request.urlopen(url, timeout=10).read()  # the double's address


def test_a_buyer_pays_at_the_cashier_and_gets_the_code(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    order, attempt, cashier = order_and_pay(account, live_server.url)
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(cashier).query))
    assert (asked["name"], asked["money"], asked["pid"]) == (f"ORDER-{order.number}", "39.00", "1001")
    visit(cashier)

    assert gateway.pay(attempt.token) == "success"
    assert gateway.pay(attempt.token) == "success"

    assert state_of(order) == "delivered"
    attempt.refresh_from_db()
    assert attempt.provider_transaction == gateway.orders[attempt.token]["trade_no"]
    assert (held("clearing", account.tenant, owner=account.pk), held("revenue", account.tenant)) == (-3900, 3900)


def test_notifications_by_post_count_as_well(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    assert gateway.pay(attempt.token, method="POST") == "success"
    assert state_of(order) == "delivered"


def test_a_state_that_is_no_success_is_answered_and_changes_nothing(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W4: only TRADE_SUCCESS is money."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    assert gateway.pay(attempt.token, trade_status="WAIT_BUYER_PAY") == "success"
    assert state_of(order) == "pending"
    assert gateway.pay(attempt.token) == "success"
    assert state_of(order) == "delivered"


def test_another_amount_goes_to_a_person_and_is_answered_success(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W22: who typed 55 has paid 55: it is booked as owed, and a person sees it."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    assert gateway.pay(attempt.token, money="55.00") == "success"
    assert state_of(order) == "review"
    assert order.review_reason == "wrong amount: 5500 CNY instead of 3900 CNY"
    assert held("refunds_due", account.tenant) == 5500


def test_money_that_comes_twice_for_one_order_is_owed(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    gateway.pay(attempt.token)
    assert gateway.pay(attempt.token, trade_no="2026999999999999") == "success"
    assert state_of(order) == "delivered"
    assert [one.review_reason for one in order.attempts.order_by("pk")] == ["", "paid again: the order had been paid before"]
    assert held("refunds_due", account.tenant) == 3900


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pid": "9999"}, "merchant number"),
        ({"out_trade_no": "ANOTHER"}, "a replay"),
        ({"trade_no": ""}, "trade_no"),
        ({"money": "1e3"}, "no amount"),
        ({"money": "３９.00"}, "no amount"),
        ({"money": "-39.00"}, "no amount"),
        ({"money": ""}, "no amount"),
    ],
)
def test_what_is_signed_but_does_not_fit_is_refused(
    changes: dict[str, str], reason: str, gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W4 and W8: merchant number, order, number of the gateway and amount are looked at, and must be there."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    message = Message("GET", gateway.message(attempt.token, **changes), {}, {}, b"", attempt.token)
    with pytest.raises(BadCallback, match=reason):
        Epay().parse(account, message)
    assert callbacks.receive(account=account, message=message).status == 400
    assert state_of(order) == "pending"


def test_a_signature_of_another_key_and_of_none_are_refused(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W7: nobody signs with an empty key."""
    _, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    fields = gateway.message(attempt.token)
    for key in ("another key", ""):
        forged = {**fields, "sign": md5(fields, key)}
        with pytest.raises(BadCallback, match="signature is wrong"):
            Epay().parse(account, Message("GET", forged, {}, {}, b"", attempt.token))
    with pytest.raises(BadCallback, match="at once"):
        Epay().parse(account, Message("POST", fields, fields, {}, b"", attempt.token))
    assert WebhookInbox.objects.count() == 0


def test_a_message_about_one_payment_pays_no_other(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W6: the order is what was signed, not the address it was sent to; a transaction pays once."""
    _, first, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    other, second, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    gateway.pay(first.token)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        send(gateway.orders[second.token]["notify_url"], gateway.message(first.token))
    assert gateway.pay(second.token, trade_no=gateway.orders[first.token]["trade_no"]) == "success"
    assert state_of(other) == "pending"
    assert WebhookInbox.objects.filter(reason="this transaction has paid another order").count() == 1


def test_large_amounts_are_believed_when_the_gateway_confirms_them(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, cashier = order_and_pay(account, live_server.url, quantity=3)
    visit(cashier)
    gateway.orders[attempt.token]["status"] = "0"
    with pytest.raises(urllib.error.HTTPError, match="400"):
        send(gateway.orders[attempt.token]["notify_url"], gateway.message(attempt.token))
    gateway.is_silent = True
    assert send(gateway.orders[attempt.token]["notify_url"], gateway.message(attempt.token)) == "fail"
    gateway.is_silent = False
    assert state_of(order) == "pending"
    assert gateway.pay(attempt.token) == "success"
    assert state_of(order) == "delivered"


def test_a_missed_notification_is_found_by_asking(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    assert Epay().query(attempt) is None
    gateway.orders[attempt.token]["status"] = "1"
    event = Epay().query(attempt)
    assert event is not None
    assert (event.kind, event.amount_minor, event.currency, event.attempt_token) == ("paid", 3900, "CNY", attempt.token)


def test_an_account_is_checked_with_its_key(gateway: EpayGateway, account: GatewayAccount) -> None:
    Epay().check(account)
    gateways.write(account, {"key": "wrong"}, is_operator=True)
    with pytest.raises(GatewayError, match="商户ID或密钥错误"):
        Epay().check(account)


def test_refunds_go_out_where_the_gateway_offers_them(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    _, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    gateway.pay(attempt.token)
    attempt.refresh_from_db()
    with pytest.raises(base.CannotRefund):
        Epay().refund(attempt, amount_minor=100, key="r1")
    attempt.account.options["refunds"] = "yes"
    assert Epay().refund(attempt, amount_minor=1950, key="r1") == attempt.provider_transaction
    assert gateway.orders[attempt.token]["refunded"] == "19.50"


def test_an_order_in_dollars_is_paid_in_yuan_at_the_days_rate(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    rates.put(base="USD", quote="CNY", rate=Decimal("7.1203"))
    _, attempt, cashier = order_and_pay(account, live_server.url, currency="USD")
    # 39.00 USD × 7.1203 = 277.6917 CNY, rounded up to the fen.
    assert (attempt.amount_minor, attempt.currency) == (27770, "CNY")
    assert "money=277.70" in cashier


def test_the_gateways_address_may_not_lead_inside(settings: Settings, tenant: Tenant, gateway: EpayGateway) -> None:
    inside = account_at(gateway.url, tenant, "epay")
    settings.PRODUCTION = True
    with pytest.raises(GatewayError, match="inside a private network"):
        Epay().check(inside)


@pytest.mark.parametrize("address", ["http://pay.example.test", "pay.example.test", "ftp://pay.example.test", "https://"])
def test_a_shops_gateway_is_at_a_whole_address_with_https(address: str, settings: Settings, tenant: Tenant) -> None:
    """The merchant's key travels in the address: nobody on the way may read it."""
    settings.PRODUCTION = True
    with pytest.raises(gateways.BadAccount, match="base: write the whole address"):
        account_at(address, tenant, "epay")
    account_at("https://pay.example.test", tenant, "epay")
    account_at("http://10.0.0.5", tenants.root(), "epay")  # the platform's own may stand beside it


def test_the_order_page_lets_its_form_lead_to_the_cashier(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    order, _, _ = order_and_pay(account, live_server.url)
    page = Client(SERVER_NAME=live_server.url.split("/")[2].split(":")[0]).get(f"/o/{capability.of(order)}/")
    assert f"form-action 'self' {gateway.url}" in page["Content-Security-Policy"]


def test_a_closed_account_has_no_address(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W7: an account without its key takes no message."""
    _, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    GatewayAccount.objects.update(sealed="")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        gateway.pay(attempt.token)
    assert PaymentAttempt.objects.get().state == "pending"


def test_our_own_failure_is_answered_fail_and_the_message_comes_again(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W3: `success` is said when the work is done, not before: what fails leaves nothing and is told again."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    surplus = Code.objects.filter(order=None)[0]
    Code.objects.filter(pk=surplus.pk).update(order=order, state="reserved")
    assert gateway.pay(attempt.token) == "fail"
    assert (state_of(order), held("revenue", account.tenant)) == ("pending", 0)
    assert WebhookInbox.objects.get().reason == "WrongState: what the order set aside is not what was ordered"
    Code.objects.filter(pk=surplus.pk).update(order=None, state="available")
    assert gateway.pay(attempt.token) == "success"
    assert (state_of(order), held("revenue", account.tenant)) == ("delivered", 3900)


def test_an_amount_that_is_a_list_is_refused(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W7: `money[]=` is another field, and a field that comes twice is none."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    address, fields = gateway.orders[attempt.token]["notify_url"], gateway.message(attempt.token)
    fields["money[]"] = fields.pop("money")
    for asked in ({**fields, "sign": md5(fields, gateway.key)}, gateway.message(attempt.token)):
        twice = "" if "money[]" in asked else "&money=0.01"
        with pytest.raises(urllib.error.HTTPError, match="400"):
            visit(f"{address}?{urllib.parse.urlencode(asked)}{twice}")
    assert state_of(order) == "pending"


def test_coming_back_from_the_cashier_proves_nothing(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W9 and W10: what a buyer's browser brings to the order page, even well signed, pays nothing."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    back = urllib.parse.urlencode({**gateway.message(attempt.token), "session_id": "cs_test_1", "paymentId": "PAY-1", "status": "2"})
    page = Client(HTTP_HOST=urllib.parse.urlsplit(live_server.url).netloc)
    whence = gateway.orders[attempt.token]["return_url"]
    assert page.get(f"{whence}&{back}").status_code == 200
    assert page.get(f"{whence.partition('?')[0]}state/?{back}")["HX-Retarget"] == "#look-again"
    assert (state_of(order), held("revenue", account.tenant)) == ("pending", 0)


def test_late_money_is_answered_success_sold_out_or_not(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    """W15: a gateway that is told `fail` gives up one day; the money is here all the same."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    orders.run_out(order=order)
    Code.objects.update(state="frozen")
    assert gateway.pay(attempt.token) == "success"
    assert (state_of(order), order.review_reason) == ("review", "paid late: sold out meanwhile")


def test_small_money_that_comes_late_is_believed_when_the_gateway_confirms_it(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W15: who has the merchant's key could pay old orders with a message of their own."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    orders.run_out(order=order)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        send(gateway.orders[attempt.token]["notify_url"], gateway.message(attempt.token))
    assert state_of(order) == "expired"
    assert gateway.pay(attempt.token) == "success"
    assert state_of(order) == "delivered"
    gateway.is_silent = True  # a copy of what is known asks nobody
    assert send(gateway.orders[attempt.token]["notify_url"], gateway.message(attempt.token)) == "success"


def test_who_comes_back_from_the_cashier_waits_for_no_message(
    gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer
) -> None:
    """W10: the visit pays nothing; the gateway is asked, and its answer compared."""
    order, attempt, cashier = order_and_pay(account, live_server.url)
    visit(cashier)
    gateway.orders[attempt.token]["status"] = "1"  # and its message is lost
    page = Client(HTTP_HOST=urllib.parse.urlsplit(live_server.url).netloc)
    assert page.get(gateway.orders[attempt.token]["return_url"]).status_code == 200
    assert (state_of(order), held("revenue", account.tenant)) == ("delivered", 3900)


def test_a_cashier_that_is_away_leaves_the_buyer_on_the_order_and_trying_again_goes_there(live_server: LiveServer) -> None:
    with EpayGateway() as gone:
        account = account_at(gone.url, shop_at(live_server.url), "epay")
    order, _attempt, place = order_and_pay(account, live_server.url)
    address = f"/o/{capability.of(order)}/"
    assert place == address
    buyer = Client(HTTP_HOST=urllib.parse.urlsplit(live_server.url).netloc)
    assert "Pay ¥39.00 with epay" in buyer.get(address).content.decode()
    assert buyer.post(f"{address}pay/", {"account": account.pk})["Location"].startswith(f"{gone.url}/submit.php?")


def test_a_cashier_that_answered_is_not_asked_again_at_once(gateway: EpayGateway, account: GatewayAccount, live_server: LiveServer) -> None:
    for _ in range(2):
        _order, _attempt, cashier = order_and_pay(account, live_server.url)
        assert cashier.startswith(f"{gateway.url}/submit.php?")
    assert [one.path for one in gateway.asked] == ["/submit.php"]


@pytest.fixture
def by_interface(account: GatewayAccount) -> GatewayAccount:
    gateways.write(account, {"interface": "api", "type": "wxpay"}, is_operator=True)
    account.save()
    return account


def test_by_the_interface_the_buyer_scans_a_code_on_the_orders_own_page(
    gateway: EpayGateway, by_interface: GatewayAccount, live_server: LiveServer
) -> None:
    order, attempt, place = order_and_pay(by_interface, live_server.url)
    page = Client(HTTP_HOST=urllib.parse.urlsplit(live_server.url).netloc)
    assert place.endswith(f"/o/{capability.of(order)}/")
    (asked,) = [one.form for one in gateway.asked if one.path == "/mapi.php"]
    assert (asked["money"], asked["device"], asked["type"], asked["clientip"]) == ("39.00", "pc", "wxpay", "127.0.0.1")
    shown = page.get(place).content.decode()
    assert qr.data_uri("weixin://wxpay/bizpayurl?pr=keyosk") in html.unescape(shown)
    assert "¥39.00" in shown
    assert 'data-copy="39.00"' in shown
    page.post(f"{place}pay/", {"account": by_interface.pk})
    assert len([one for one in gateway.asked if one.path == "/mapi.php"]) == 1
    assert gateway.pay(attempt.token) == "success"
    assert state_of(order) == "delivered"


@pytest.mark.parametrize(
    ("answer", "link"),
    [
        ({"code": 1, "payurl": "https://pay.example.test/p/1"}, "https://pay.example.test/p/1"),
        ({"code": "1", "urlscheme": "alipays://platformapi/startapp?x=1"}, "alipays://platformapi/startapp?x=1"),
        ({"code": 1, "qrcode": "https://qr.alipay.example/bax01"}, "https://qr.alipay.example/bax01"),
        ({"code": 1, "qrcode": "https://qr.example/1", "payurl": "https://pay.example.test/p/1"}, "https://pay.example.test/p/1"),
        ({"code": 1, "payurl": "javascript:alert(1)"}, ""),
        ({"code": 1}, ""),
        ({"code": -1, "msg": "该商户未开通微信支付"}, ""),
    ],
)
def test_the_interfaces_answer_is_an_address_to_open_or_none_at_all(
    answer: dict[str, object], link: str, gateway: EpayGateway, by_interface: GatewayAccount, live_server: LiveServer
) -> None:
    gateway.makes = answer
    _, attempt, place = order_and_pay(by_interface, live_server.url)
    page = Client(HTTP_HOST=urllib.parse.urlsplit(live_server.url).netloc).get(place).content.decode()
    assert (f'href="{link}"' in page) == bool(link)
    assert "javascript:" not in page
    assert "该商户" not in page  # its words are for the shop
    assert attempt.details == ({"link": link} if link else {}) | ({"scan": answer["qrcode"]} if "qrcode" in answer else {})
