"""A purchase through the pages: window, order, payment, codes, redemption; and what strangers see."""

from __future__ import annotations

import datetime
import html
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Membership, Tenant
from billing import audit, ledger, orders, redeem_limits, refunds, store_credit
from billing.models import Code, GatewayAccount, Order, PaymentAttempt, Product, Refund
from foundation import outbox, qr
from tests.billing.shop import FIVE, PRICE, place, sandbox, stocked

pytestmark = pytest.mark.django_db

CODE = re.compile(r"\b[0-9A-HJKMNP-TV-Z]{5}(?:-[0-9A-HJKMNP-TV-Z]{5}){3}\b")


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


@pytest.fixture
def product(tenant: Tenant) -> Product:
    sandbox(tenant)
    return stocked(tenant)


@pytest.fixture
def guest(product: Product) -> Client:
    return Client(headers={"host": "shop.test"})


def order_at(client: Client, **changes: str) -> str:
    """Order by the form and return the order page's address."""
    values = {"quantity": "1", "email": "guest@example.test", "contact": "", **changes}
    answer = client.post("/p/five-dollars/", values)
    assert answer.status_code == 302
    return answer["Location"]


def pay(client: Client, address: str, button: str = "pay") -> None:
    bank = client.post(f"{address}pay/", {"account": str(GatewayAccount.objects.get().pk)})
    assert bank.status_code == 302
    assert bank["Location"].startswith("/pay/sandbox/")
    assert "¥39.00" in client.get(bank["Location"]).content.decode()
    assert client.post(bank["Location"], {"button": button})["Location"] == address


def test_a_guest_buys_a_code(guest: Client) -> None:
    window = guest.get("/shop/").content.decode()
    assert "Five dollars" in window
    assert "3 left" in window
    address = order_at(guest)
    assert re.fullmatch(r"/o/[0-9A-Z]{26}/", address)
    seconds = re.search(r'data-countdown="(\d+)"', guest.get(address).content.decode())
    assert seconds
    assert 870 < int(seconds[1]) <= 900
    waiting = guest.get(address)
    assert "Pay ¥39.00 with Sandbox" in waiting.content.decode()
    assert CODE.search(waiting.content.decode()) is None
    assert CODE.search(guest.get(f"{address}state/").content.decode()) is None
    pay(guest, address)
    page = guest.get(address).content.decode()
    [code] = set(CODE.findall(page))
    news = guest.get(f"{address}state/?looks=3")
    assert code in news.content.decode()
    assert (news["HX-Retarget"], news["HX-Reswap"]) == ("#order-state", "outerHTML")
    assert '<div hx-swap-oob="innerHTML:#status">Delivered</div>' in news.content.decode()
    assert "hx-swap-oob" not in page
    assert f'href="{address}receipt/"' in news.content.decode()
    assert Order.objects.get().state == "delivered"


def test_an_open_page_looks_often_at_first_then_seldom_then_when_asked(guest: Client) -> None:
    address = order_at(guest)
    assert 'hx-trigger="load delay:2s, every 15s"' in guest.get(address).content.decode()
    looks = [(0, "looks=1", "delay:2s"), (28, "looks=29", "delay:2s"), (29, "looks=30", "delay:5s"), (196, "looks=197", "delay:5s")]
    for done, counted, pace in looks:
        page = guest.get(f"{address}state/?looks={done}").content.decode()
        assert counted in page
        assert pace in page
    for many in ("197", "198", "99999999"):
        page = guest.get(f"{address}state/?looks={many}").content.decode()
        assert "hx-get" not in page
        assert f'href="{address}?returned=1">Check again</a>' in page
    assert "looks=1" in guest.get(f"{address}state/?looks=x").content.decode()


def test_a_page_that_waits_for_a_person_looks_for_the_answer_too(guest: Client, product: Product) -> None:
    address = order_at(guest)
    assert "state=pending&amp;failed=0&amp;looks=0" in guest.get(address).content.decode()
    Order.objects.update(state="paid")
    assert 'id="order-state"' in guest.get(f"{address}state/?state=pending&failed=0").content.decode()
    assert "state=paid&amp;failed=0&amp;looks=0" in guest.get(address).content.decode()
    assert 'id="order-state"' not in guest.get(f"{address}state/?state=paid&failed=0&looks=4").content.decode()
    Order.objects.update(state="delivered")
    assert 'id="order-state"' in guest.get(f"{address}state/?state=paid&failed=0&looks=5").content.decode()
    assert "look-again" not in guest.get(address).content.decode()


def test_order_pages_stay_out_of_caches_and_logs(guest: Client) -> None:
    answer = guest.get(order_at(guest))
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["X-Robots-Tag"] == "noindex, nofollow"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in answer["Content-Security-Policy"]


def test_a_failed_payment_can_be_tried_again(guest: Client) -> None:
    address = order_at(guest)
    assert 'id="order-state"' not in guest.get(f"{address}state/?failed=0").content.decode()
    pay(guest, address, button="fail")
    live = guest.get(f"{address}state/?failed=0").content.decode()  # the open page hears of it
    for page in (live, guest.get(address).content.decode()):
        assert "The payment did not go through." in page
        assert "Pay ¥39.00" in page
    failed = PaymentAttempt.objects.get()
    assert 'id="order-state"' not in guest.get(f"{address}state/?failed={failed.pk}").content.decode()
    PaymentAttempt.objects.update(state="expired")
    assert "The payment did not go through." in guest.get(address).content.decode()
    guest.post(f"{address}pay/", {"account": str(failed.account_id)})
    assert "The payment did not go through." not in guest.get(address).content.decode()
    pay(guest, address)
    assert Order.objects.get().state == "delivered"


def test_a_cancelled_order_cannot_be_paid(guest: Client) -> None:
    address = order_at(guest)
    assert guest.post(f"{address}cancel/").status_code == 302
    account = GatewayAccount.objects.get()
    assert guest.post(f"{address}pay/", {"account": str(account.pk)})["Location"] == address
    assert PaymentAttempt.objects.count() == 0
    assert sorted(Code.objects.values_list("state", flat=True)) == ["available"] * 3


def test_the_buyer_redeems_with_one_click(guest: Client, end_user: Membership) -> None:
    address = order_at(guest)
    pay(guest, address)
    guest.force_login(end_user.user)
    assert guest.post(f"{address}redeem/")["Location"] == address
    assert ledger.balance(membership_id=end_user.pk).available_micros == FIVE
    guest.post(f"{address}redeem/")
    assert ledger.balance(membership_id=end_user.pk).available_micros == FIVE


def test_a_guest_who_wants_to_redeem_signs_in_without_the_secret_in_the_address(guest: Client, end_user: Membership) -> None:
    address = order_at(guest)
    pay(guest, address)
    answer = guest.post(f"{address}redeem/")
    assert answer["Location"] == "/accounts/login/?next=/redeem/"
    assert Code.objects.filter(state="redeemed").count() == 0
    [code] = set(CODE.findall(guest.get(address).content.decode()))
    guest.force_login(end_user.user)
    assert code in guest.get("/redeem/").content.decode()  # it waits in the form: one more click
    guest.post("/redeem/", {"code": code})
    assert ledger.balance(membership_id=end_user.pk).available_micros == FIVE


def test_the_page_opens_elsewhere_and_its_mail_goes_out_again_a_few_times(guest: Client) -> None:
    address = order_at(guest)
    pay(guest, address)
    page = html.unescape(guest.get(address).content.decode())
    assert qr.data_uri(f"http://shop.test{address}") in page
    outbox.deliver()
    mail.outbox.clear()
    for _ in range(redeem_limits.MAILS_AGAIN_A_DAY):
        assert "on its way again" in guest.post(f"{address}mail/", follow=True).content.decode()
    assert "went out often enough for today" in guest.post(f"{address}mail/", follow=True).content.decode()
    outbox.deliver()
    assert [one.to for one in mail.outbox] == [["guest@example.test"]]  # within one minute it is one
    assert redeem_limits.may_mail_again(order_id=Order.objects.get().pk) is False


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"email": "", "contact": ""}, 422),
        ({"email": "no address"}, 422),
        ({"quantity": "0"}, 422),
        ({"quantity": "21"}, 422),
        ({"quantity": "4"}, 409),
    ],
)
def test_an_order_that_cannot_be_is_refused_with_the_form(guest: Client, values: dict[str, str], status: int) -> None:
    answer = guest.post("/p/five-dollars/", {"quantity": "1", "email": "guest@example.test", "contact": "", **values})
    assert answer.status_code == status
    assert "<form" in answer.content.decode()
    assert Order.objects.count() == 0


def test_another_shops_host_knows_neither_product_nor_order(guest: Client, product: Product, stranger: Membership) -> None:
    """W18: no shop reaches another's order."""
    placed = place(product)
    attempt = orders.start_payment(order=placed.order, account=GatewayAccount.objects.get())
    elsewhere = Client(headers={"host": "elsewhere.test"})
    elsewhere.force_login(stranger.user)
    path = reverse("order", kwargs={"capability": placed.capability})
    for url in ("/p/five-dollars/", path, f"{path}state/", f"/pay/sandbox/{attempt.token}/"):
        assert elsewhere.get(url).status_code == 404
    for url in (f"{path}pay/", f"{path}cancel/", f"{path}redeem/", f"/pay/sandbox/{attempt.token}/"):
        assert elsewhere.post(url, {"button": "pay"}).status_code == 404
    assert "Five dollars" not in elsewhere.get("/shop/").content.decode()
    assert Order.objects.get().state == "pending"


def test_a_wrong_secret_is_not_found(guest: Client, product: Product) -> None:
    """W17: who has the number reads no order."""
    place(product)
    assert guest.get(f"/o/{'0' * 26}/").status_code == 404
    assert guest.get(f"/o/{Order.objects.get().number}/").status_code == 404


def test_an_address_that_is_no_address_is_none(guest: Client) -> None:
    """W19: what a buyer writes into the headers of proxies is no SQL, and no address."""
    values = {"quantity": "1", "email": "guest@example.test", "contact": ""}
    bad = "127.0.0.1' OR '1'='1"
    answer = guest.post("/p/five-dollars/", values, headers={"x-forwarded-for": bad, "x-real-ip": bad, "client-ip": bad})
    assert answer.status_code == 302
    assert Order.objects.get().address in {None, "127.0.0.1"}


def test_the_sandbox_page_is_gone_in_production(guest: Client, product: Product, settings: Settings) -> None:
    attempt = orders.start_payment(order=place(product).order, account=GatewayAccount.objects.get())
    settings.PRODUCTION = True
    assert guest.get(f"/pay/sandbox/{attempt.token}/").status_code == 404
    assert guest.post(f"/pay/sandbox/{attempt.token}/", {"button": "pay"}).status_code == 404
    assert Order.objects.get().state == "pending"


def test_this_browser_and_this_customer_find_their_orders(guest: Client, product: Product, end_user: Membership) -> None:
    order_at(guest)
    number = Order.objects.get().number
    assert number in guest.get("/lookup/").content.decode()
    other = Client(headers={"host": "shop.test"})
    assert number not in other.get("/lookup/").content.decode()
    other.force_login(end_user.user)
    orders.place(product=product, buyer=orders.Buyer(email="ann@shop.test", membership=end_user))
    page = other.get("/lookup/").content.decode()
    assert Order.objects.get(membership=end_user).number in page
    assert number not in page


def test_money_that_comes_a_second_time_waits_for_a_person(guest: Client, product: Product) -> None:
    address = order_at(guest)
    pay(guest, address)
    attempt = PaymentAttempt.objects.get()
    assert guest.post(f"/pay/sandbox/{attempt.token}/", {"button": "twice"})["Location"] == address
    assert guest.post(f"/pay/sandbox/{attempt.token}/", {"button": "twice"})["Location"] == address
    order = Order.objects.get()
    assert (order.state, Code.objects.filter(state="sold").count()) == ("delivered", 1)
    assert [one.review_reason for one in order.attempts.order_by("pk")] == ["", "paid again: the order had been paid before"]


def test_a_wrong_amount_waits_for_a_person(guest: Client, product: Product) -> None:
    address = order_at(guest)
    pay(guest, address, "wrong")
    assert Order.objects.get().review_reason == "wrong amount: 3901 CNY instead of 3900 CNY"


def test_a_buyer_asks_for_the_money_back_and_reads_the_answer(guest: Client, product: Product) -> None:
    address = order_at(guest)
    pay(guest, address)
    assert "What was not used is worth ¥39.00 now." in guest.get(address).content.decode()
    assert guest.post(f"{address}refund/", {"reason": "does not work"})["Location"] == address
    page = guest.get(address).content.decode()
    assert "Refund of ¥39.00: asked for." in page
    assert "Ask for your money back" not in page
    refund = Refund.objects.get()
    refunds.decline(refund=refund, actor=None, reason="it works")
    assert "Refund of ¥39.00: declined." in guest.get(address).content.decode()
    refunds.send(refunds.start(attempt=refund.attempt, actor=None, reason="all right"))
    assert "Refund of ¥39.00: paid back." in guest.get(address).content.decode()
    guest.post(f"{address}refund/", {"reason": "more"})
    assert Refund.objects.filter(state="requested").count() == 0


def test_a_customer_pays_with_store_credit_and_beside_it(product: Product, end_user: Membership) -> None:
    store_credit.give(membership=end_user, amount_minor=PRICE + 1_000, reason="", key="1")
    own = store_credit.open_for(end_user.tenant)
    client = Client(headers={"host": "shop.test"})
    client.force_login(end_user.user)
    first, second = order_at(client), order_at(client)
    assert "Pay ¥39.00 with store credit" in client.get(first).content.decode()
    assert client.post(f"{first}pay/", {"account": str(own.pk)})["Location"].endswith(first)
    assert CODE.search(client.get(first).content.decode())

    page = client.get(second).content.decode()
    assert "Pay ¥29.00 with Sandbox and ¥10.00 with store credit" in page
    account = GatewayAccount.objects.get(driver="sandbox")
    bank = client.post(f"{second}pay/", {"account": str(account.pk), "credit": "1"})["Location"]
    assert "¥29.00" in client.get(bank).content.decode()
    client.post(bank, {"button": "pay"})
    assert CODE.search(client.get(second).content.decode())
    assert store_credit.free(end_user) == 0
    assert audit.run() == []
    wallet = client.get("/console/wallet/").content.decode()
    assert "-¥10.00" in wallet
    assert "Paid for an order" in wallet


def test_who_only_knows_the_address_spends_nobodys_store_credit(product: Product, end_user: Membership, guest: Client) -> None:
    store_credit.give(membership=end_user, amount_minor=PRICE, reason="", key="1")
    own = store_credit.open_for(end_user.tenant)
    client = Client(headers={"host": "shop.test"})
    client.force_login(end_user.user)
    address = order_at(client)
    assert "with store credit" not in guest.get(address).content.decode()
    guest.post(f"{address}pay/", {"account": str(own.pk)})
    sandbox_account = GatewayAccount.objects.get(driver="sandbox")
    guest.post(f"{address}pay/", {"account": str(sandbox_account.pk), "credit": "1"})
    assert (Order.objects.get().state, store_credit.free(end_user)) == ("pending", PRICE)
    assert not PaymentAttempt.objects.exists()


def test_who_says_that_it_is_paid_has_the_gateway_asked(guest: Client) -> None:
    address = order_at(guest)
    assert "I have paid" not in guest.get(address).content.decode()
    guest.post(f"{address}pay/", {"account": str(GatewayAccount.objects.get().pk)})
    assert "I have paid" in guest.get(address).content.decode()
    told = guest.post(f"{address}ask/", follow=True).content.decode()
    assert "Nothing has come in yet" in told
    order = Order.objects.get()
    orders.run_out(order=order)
    assert "I have paid" in guest.get(address).content.decode()  # late money is money
    assert redeem_limits.may_ask_gateways(order_id=order.pk) is False  # and no more than now and then


def test_the_page_says_until_when_a_code_can_be_redeemed(guest: Client, product: Product) -> None:
    address = order_at(guest)
    pay(guest, address)
    assert "Redeem it until" not in guest.get(address).content.decode()
    product.batches.update(redeem_by=datetime.datetime(2027, 3, 1, 12, tzinfo=datetime.UTC))
    page = guest.get(address).content.decode()
    assert "Redeem it until:" in page
    assert '<time datetime="2027-03-01T12:00:00+00:00" data-local>2027-03-01 12:00 UTC</time>' in " ".join(page.split())
    Code.objects.update(state="expired")
    assert "Redeem it until" not in guest.get(address).content.decode()


def test_several_codes_are_copied_and_saved_at_once(guest: Client) -> None:
    address = order_at(guest, quantity="3")
    assert guest.get(f"{address}bought.txt").status_code == 404
    bank = guest.post(f"{address}pay/", {"account": str(GatewayAccount.objects.get().pk)})
    guest.post(bank["Location"], {"button": "pay"})
    page = guest.get(address).content.decode()
    saved = guest.get(f"{address}bought.txt")
    texts = saved.content.decode().splitlines()
    assert (len(texts), saved["Content-Type"], saved["Cache-Control"]) == (3, "text/plain; charset=utf-8", "no-store, private")
    assert all(CODE.fullmatch(text) for text in texts)
    assert "\n".join(texts) in page  # behind the button that copies all
    assert f"{address}bought.txt" in page
