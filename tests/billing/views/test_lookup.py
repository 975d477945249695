"""Finding an order by number, address and a mailed code: whatever is typed, the pages say the same until the code is right."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, Tenant
from billing import orders
from billing.models import Order, Product
from billing.views import browser
from foundation import outbox
from foundation.models import OutboxMessage
from tests.billing.shop import place, sandbox, stocked

pytestmark = pytest.mark.django_db
CODE = re.compile(r"\b\d{8}\b")


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    cache.clear()


@pytest.fixture
def placed(tenant: Tenant) -> orders.Placed:
    sandbox(tenant)
    return place(stocked(tenant, count=10))


def visitor(host: str = "shop.test", address: str = "192.0.2.1") -> Client:
    return Client(headers={"host": host}, REMOTE_ADDR=address)


def ask(client: Client, placed: orders.Placed, *, number: str = "", email: str = "guest@example.test") -> str:
    """Ask for a code and return the next page without what was typed and what differs by visit."""
    number = number or placed.order.number
    page = client.post("/lookup/", {"number": number, "email": email}, follow=True).content.decode()
    return re.sub(r'csrf\w*"[^>]+|"X-CSRFToken": "[^"]+"', "", page).replace(number.upper(), "").replace(email.lower(), "")


def mailed() -> list[str]:
    """Return the codes that were mailed."""
    mail.outbox.clear()
    outbox.deliver()
    return [CODE.findall(str(one.body))[0] for one in mail.outbox if "Nobody of the shop asks" in str(one.body)]


def test_the_mailed_code_opens_the_order_here_and_this_browser_finds_it_again(placed: orders.Placed) -> None:
    guest = visitor()
    ask(guest, placed, number=placed.order.number.lower(), email="Guest@Example.test")
    [waiting] = OutboxMessage.objects.filter(payload__template="order_code")
    [code] = mailed()
    assert code not in str(waiting.payload)
    assert placed.capability not in str(waiting.payload)
    answer = guest.post("/lookup/code/", {"code": f" {code[:4]}-{code[4:]} "})
    assert answer["Location"] == f"/o/{placed.capability}/"
    assert placed.order.number in guest.get("/lookup/").content.decode()
    cookie = guest.cookies[browser.COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert guest.get("/lookup/code/")["Location"] == "/lookup/"


def test_right_and_wrong_questions_get_the_same_page(placed: orders.Placed, stranger: Membership) -> None:
    """W17: a number and an address tell nothing."""
    right = ask(visitor(), placed)
    assert ask(visitor(), placed, email="other@example.test") == right
    assert ask(visitor(), placed, number="260101-AAAAAAAA") == right
    assert len(mailed()) == 1
    elsewhere = Client(headers={"host": "elsewhere.test"})
    ask(elsewhere, placed)
    assert mailed() == []


def test_a_code_is_good_for_five_attempts_and_for_its_own_question(placed: orders.Placed) -> None:
    guest = visitor()
    ask(guest, placed)
    [code] = mailed()
    wrong = "0" * 8 if code != "0" * 8 else "1" * 8
    for _attempt in range(5):
        refused = guest.post("/lookup/code/", {"code": wrong})
        assert refused.status_code == 422
        assert "wrong or too old" in refused.content.decode()
    assert guest.post("/lookup/code/", {"code": code}).status_code == 422
    other = visitor(address="192.0.2.2")
    ask(other, placed)
    [second] = mailed()
    assert second != code
    assert other.post("/lookup/code/", {"code": code}).status_code == 422
    assert other.post("/lookup/code/", {"code": second}).status_code == 302


def test_another_order_is_not_opened_by_its_code(placed: orders.Placed) -> None:
    theirs = place(placed.order.product, email="victim@example.test")
    guest = visitor()
    ask(guest, placed)
    [code] = mailed()
    session = guest.session
    session["lookup"] = session["lookup"] | {"number": theirs.order.number, "email": "victim@example.test"}
    session.save()
    assert guest.post("/lookup/code/", {"code": code}).status_code == 422


def test_a_code_is_too_old_after_ten_minutes(placed: orders.Placed) -> None:
    guest = visitor()
    ask(guest, placed)
    [code] = mailed()
    session = guest.session
    session["lookup"] = session["lookup"] | {"until": 1}
    session.save()
    assert guest.post("/lookup/code/", {"code": code}).status_code == 422


def test_mails_to_one_address_are_limited_whoever_asks(placed: orders.Placed) -> None:
    for number in range(9):
        ask(visitor(address=f"192.0.2.{number + 10}"), placed)
    assert len(mailed()) == 6


def test_who_asks_often_is_asked_whether_they_are_human(placed: orders.Placed) -> None:
    guest = visitor()
    for _number in range(3):
        ask(guest, placed)
    assert "human" in guest.get("/lookup/").context["form"].fields
    refused = guest.post("/lookup/", {"number": placed.order.number, "email": "guest@example.test"})
    assert refused.status_code == 422
    assert "human" in refused.context["form"].errors


def test_an_order_without_an_address_is_not_found_by_an_empty_one(placed: orders.Placed) -> None:
    """W17: no empty answer opens an order."""
    made = orders.place(product=placed.order.product, buyer=orders.Buyer(contact="QQ 1")).order
    assert visitor().post("/lookup/", {"number": made.number, "email": ""}).status_code == 422


def test_a_forged_cookie_counts_as_none(placed: orders.Placed) -> None:
    guest = visitor()
    guest.cookies[browser.COOKIE] = str(placed.order.pk)
    assert placed.order.number not in guest.get("/lookup/").content.decode()
    guest.cookies[browser.COOKIE] = f"{placed.order.pk}:abc:def"
    assert placed.order.number not in guest.get("/lookup/").content.decode()


def test_a_browser_keeps_its_last_ten_orders(placed: orders.Placed) -> None:
    guest, product = visitor(), Product.objects.get()
    Order.objects.update(state="canceled")
    for number in range(12):
        answer = guest.post(f"/p/{product.slug}/", {"quantity": "1", "email": f"a{number}@example.test", "contact": ""})
        assert answer.status_code == 302, answer.context["form"].errors
        Order.objects.update(state="canceled")
        product.batches.get().codes.update(state="available", order=None)
    page = guest.get("/lookup/").content.decode()
    assert [order.number in page for order in Order.objects.order_by("pk")] == [False] * 3 + [True] * 10


def test_there_are_three_ways_to_find_an_order(placed: orders.Placed, end_user: Membership) -> None:
    own = orders.place(product=placed.order.product, buyer=orders.Buyer(email="end@example.test", membership=end_user)).order
    guest = visitor()
    page = guest.get("/lookup/")
    assert page.context["tab"] == "number"  # nothing is known here: the question comes first
    assert "This browser has no orders here." in guest.get("/lookup/?by=browser").content.decode()
    assert "/accounts/login/?next=/lookup/%3Fby%3Dlogin" in guest.get("/lookup/?by=login").content.decode()
    assert guest.get("/lookup/?by=anything").context["tab"] == "number"
    guest.force_login(end_user.user)
    page = guest.get("/lookup/")
    assert page.context["tab"] == "login"
    assert own.number in page.content.decode()
    assert placed.order.number not in page.content.decode()
    assert "All orders" in page.content.decode()
    assert own.number not in guest.get("/lookup/?by=number").content.decode()
