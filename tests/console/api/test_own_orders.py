"""A buyer's own orders over the API: paid, given up, delivered, taken into the account, paid back, with their papers."""

from __future__ import annotations

import base64
import io

import pytest

from accounts.models import ApiKey, Membership
from billing import gateways, invoices, ledger, orders, store_credit
from billing.models import GatewayAccount, InvoiceRequest, Order, Product, Refund, RestockWish
from tests.billing.payments.world import account_at
from tests.billing.shop import FIVE, key_product, manual_product, pay, place, sandbox, stocked
from tests.billing.test_invoices import sheet
from tests.console.api.conftest import program
from tests.doubles.epay import EpayGateway

pytestmark = pytest.mark.django_db


def ordered(member: Membership, product: Product | None = None, *, quantity: int = 1) -> Order:
    buyer = orders.Buyer(email=member.user.email or "", membership=member, site="http://shop.test")
    return orders.place(product=product or stocked(member.tenant), buyer=buyer, quantity=quantity).order


def paid(member: Membership, product: Product | None = None) -> Order:
    order = ordered(member, product)
    account = GatewayAccount.objects.filter(tenant=member.tenant).first() or sandbox(member.tenant)
    return pay(orders.start_payment(order=order, account=account))


def test_an_order_is_paid_at_the_gateway_and_its_code_redeemed(end_user: Membership) -> None:
    account, order, call = sandbox(end_user.tenant), ordered(end_user), program(end_user)
    path = f"me/orders/{order.pk}/"
    told = call("GET", path)[1]
    way = {"account": account.pk, "gateway": "sandbox", "name": account.name, "amount_minor": 3_900, "credit_minor": 0, "currency": "CNY"}
    assert (told["state"], told["ways"], told["askable"], told["invoice"]) == ("pending", [way], None, None)
    assert call("POST", f"{path}pieces/")[1] == {"pieces": []}
    status, begun = call("POST", f"{path}pay/", {"account": account.pk}, idempotency_key="p")
    attempt = order.attempts.get()
    assert (status, begun["url"], begun["scan"], begun["link"]) == (200, f"http://shop.test/pay/sandbox/{attempt.token}/", "", "")
    assert call("POST", f"{path}pay/", {"account": account.pk}, idempotency_key="p")[1] == begun
    assert call("POST", f"{path}ask/")[1]["state"] == "pending"
    pay(attempt)
    [piece] = call("POST", f"{path}pieces/")[1]["pieces"]
    assert (piece["is_open"], len(piece["text"]) > 20) == (True, True)
    assert call("POST", f"{path}mail/") == (204, None)
    assert piece["text"] not in str(call("GET", path)) + str(call("GET", "me/orders/"))
    assert call("POST", f"{path}redeem/")[1] == {"units_micros": FIVE}
    assert ledger.balance(membership_id=end_user.pk).available_micros == FIVE
    assert call("POST", f"{path}redeem/")[0] == 409
    assert call("GET", path)[1]["ways"] == []


def test_what_is_scanned_is_told_where_the_gateway_gives_it(end_user: Membership) -> None:
    with EpayGateway() as double:
        account = account_at(double.url, end_user.tenant, "epay")
        gateways.write(account, {"interface": "api", "type": "wxpay"}, is_operator=True)
        account.save()
        order, call = ordered(end_user), program(end_user)
        begun = [call("POST", f"me/orders/{order.pk}/pay/", {"account": account.pk})[1] for _ in range(2)]
        assert [(one["scan"], one["link"]) for one in begun] == [("weixin://wxpay/bizpayurl?pr=keyosk", "")] * 2
        assert begun[0]["url"].startswith("http://shop.test/o/")
        double.makes = {"code": 1, "payurl": "https://pay.example.test/p/1"}
        other = ordered(end_user)
        begun = [call("POST", f"me/orders/{other.pk}/pay/", {"account": account.pk})[1]]
        assert [(one["scan"], one["link"]) for one in begun] == [("", "https://pay.example.test/p/1")]


def test_store_credit_pays_at_once(end_user: Membership) -> None:
    store_credit.give(membership=end_user, amount_minor=9_000, reason="", key="1")
    account, order, call = store_credit.open_for(end_user.tenant), ordered(end_user), program(end_user)
    begun = call("POST", f"me/orders/{order.pk}/pay/", {"account": account.pk})[1]
    assert (begun["order"]["state"], begun["url"].startswith("http://shop.test/o/")) == ("delivered", True)
    assert store_credit.free(end_user) == 9_000 - 3_900
    assert call("POST", f"me/orders/{order.pk}/pay/", {"account": account.pk})[0] == 409


def test_an_unpaid_order_is_given_up_once(end_user: Membership, stranger: Membership) -> None:
    order, call = ordered(end_user), program(end_user)
    assert call("POST", f"me/orders/{order.pk}/mail/")[0] == 409
    foreign = sandbox(stranger.tenant)
    assert call("POST", f"me/orders/{order.pk}/pay/", {"account": foreign.pk})[0] == 404
    assert call("POST", f"me/orders/{order.pk}/cancel/")[1]["state"] == "canceled"
    assert call("POST", f"me/orders/{order.pk}/cancel/")[0] == 409
    assert [one["number"] for one in call("GET", "me/orders/?state=canceled")[1]["results"]] == [order.number]


def test_a_ready_key_gets_another_secret_and_becomes_ones_own(end_user: Membership) -> None:
    order, call = paid(end_user, key_product(end_user.tenant)), program(end_user)
    path = f"me/orders/{order.pk}/"
    [first] = call("POST", f"{path}pieces/")[1]["pieces"]
    [second] = call("POST", f"{path}rotate/", {"key": first["id"]})[1]["pieces"]
    assert (first["id"], first["text"] != second["text"]) == (second["id"], True)
    assert call("POST", f"{path}rotate/", {"key": "key-999999"})[0] == 404
    assert call("POST", f"{path}claim/") == (200, {"keys": 1})
    assert (ApiKey.objects.get().membership, ledger.balance(membership_id=end_user.pk).available_micros) == (end_user, FIVE)
    assert call("POST", f"{path}rotate/", {"key": first["id"]})[0] == 409
    assert call("POST", f"{path}pieces/")[1]["pieces"][0]["text"] == ""


def test_money_is_asked_back_once_and_the_shops_answer_read(end_user: Membership, reseller_owner: Membership) -> None:
    order, call = paid(end_user), program(end_user)
    path = f"me/orders/{order.pk}/"
    assert call("GET", path)[1]["askable"] == {"amount_minor": 3_900, "currency": "CNY", "credit_minor": 0}
    for _ in range(2):
        status, told = call("POST", f"{path}ask-back/", {"reason": "a slip"})
        assert (status, told["askable"], [one["state"] for one in told["refunds"]]) == (200, None, ["requested"])
    refund = Refund.objects.get()
    program(reseller_owner)("POST", f"refunds/{refund.pk}/decline/", {"reason": "it works"})
    [shown] = call("GET", path)[1]["refunds"]
    assert (shown["state"], shown["reason"], shown["answer"], shown["amount_minor"]) == ("declined", "a slip", "it works", 3_900)
    call("POST", f"{path}redeem/")
    unpaid = ordered(end_user)
    assert call("POST", f"me/orders/{unpaid.pk}/ask-back/", {})[0] == 409


def test_receipt_and_invoice_are_fetched(end_user: Membership) -> None:
    order, call = paid(end_user), program(end_user)
    path = f"me/orders/{order.pk}/"
    assert base64.b64decode(call("GET", f"{path}receipt/")[1]["file"]).startswith(b"%PDF-")
    assert call("GET", f"{path}invoice/")[0] == 404
    assert list(call("POST", f"{path}invoice/", {"title": "Ann Ltd", "tax_number": "?"})[1]["error"]["fields"]) == ["tax_number"]
    told = call("POST", f"{path}invoice/", {"title": "Ann Ltd", "tax_number": "91310000MA1K"})[1]["invoice"]
    assert (told["title"], told["state"]) == ("Ann Ltd", "requested")
    content = sheet()
    invoices.issue(invoice=InvoiceRequest.objects.get(), file=io.BytesIO(content), size=len(content), actor=None)
    assert base64.b64decode(call("GET", f"{path}invoice/")[1]["file"]) == content
    assert call("GET", f"me/orders/{ordered(end_user).pk}/receipt/")[0] == 404


def test_orders_of_others_are_out_of_reach_even_for_staff(end_user: Membership, reseller_owner: Membership, stranger: Membership) -> None:
    theirs, guests = paid(end_user), place(stocked(end_user.tenant)).order
    call = program(reseller_owner)
    assert call("GET", "me/orders/")[1]["results"] == []
    for order in (theirs, guests):
        assert call("GET", f"me/orders/{order.pk}/")[0] == 404
        assert [call("POST", f"me/orders/{order.pk}/{act}/", {})[0] for act in ("pieces", "redeem", "cancel", "ask-back")] == [404] * 4
    assert program(stranger, host="elsewhere.test")("POST", f"me/orders/{theirs.pk}/pieces/")[0] == 404


def test_who_asks_is_told_when_it_is_there_again(end_user: Membership, stranger: Membership) -> None:
    product, call = manual_product(end_user.tenant, left=1), program(end_user)
    assert call("POST", f"purchases/{product.pk}/notify/")[0] == 409
    place(product)
    assert call("POST", f"purchases/{product.pk}/notify/") == (204, None)
    wish = RestockWish.objects.get()
    assert (wish.product, wish.email, wish.confirmed_at, wish.site) == (product, "ann@shop.test", None, "http://shop.test")
    assert call("POST", f"purchases/{manual_product(stranger.tenant, left=0).pk}/notify/")[0] == 404
