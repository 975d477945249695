"""Imported cards: duplicates are named, nothing is stored in plain, each is sold once."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import Tenant
from billing import audit, bought, cards, catalogue, codes, orders
from billing.models import Card, Order, Product
from tests.billing.shop import attempt, bought_from, card_product, pay, place, sandbox, stocked
from tests.billing.test_orders_crowds import crowd

pytestmark = pytest.mark.django_db


def states(product: Product) -> list[str]:
    return sorted(Card.objects.filter(product=product).values_list("state", flat=True))


def test_cards_are_read_one_a_line_or_from_the_column_secret() -> None:
    assert cards.read("\ufeffA-1\r\n\r\n  B-2 \n") == ["A-1", "", "B-2"]
    assert cards.read('id,Secret,note\n1,"A,1",x\n2,B2\n3\n') == ["", "A,1", "B2", ""]
    assert cards.read("") == []


def test_what_stands_twice_or_is_known_is_left_out_and_named(tenant: Tenant) -> None:
    product = card_product(tenant, "one")
    done = cards.take_in(product=product, lines=["two", "one", "", "two", "three"], actor=None)
    assert (done.batch.count, done.repeated, done.known) == (2, (4,), (2,))
    assert cards.available(product=product) == 3
    bought_from(product)
    with pytest.raises(cards.BadCards, match="known already"):
        cards.take_in(product=product, lines=["one", "two"], actor=None)


def test_a_rehearsal_tells_what_an_import_would_do_and_stores_nothing(tenant: Tenant) -> None:
    product = card_product(tenant, "one")
    draft = cards.rehearse(product=product, lines=["two", "one", "", "two", "three", "x" * 1001, "a\0b"])
    assert (draft.fresh, draft.repeated, draft.known) == (("two", "three"), (4,), (2,))
    assert (draft.refused, draft.is_importable) == ({6: "too_long", 7: "not_text"}, False)
    assert cards.available(product=product) == 1
    assert cards.rehearse(product=product, lines=["two"]).is_importable
    assert not cards.rehearse(product=product, lines=["one"]).is_importable


def test_the_same_card_may_belong_to_another_product(tenant: Tenant) -> None:
    card_product(tenant, "one")
    other = catalogue.add_product(tenant=tenant, name="Other", units_micros=0, price_minor=1, currency="CNY", kind="card")
    assert cards.take_in(product=other, lines=["one"], actor=None).known == ()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["fine", "x" * 1001, "y" * 1001], "line 2, 3. Nothing"),
        (["a\0b"], "line 1"),
        (["", ""], "no card"),
        ([str(n) for n in range(10_001)], "at most 10000"),
    ],
)
def test_bad_cards_import_nothing_and_say_where(tenant: Tenant, lines: list[str], why: str) -> None:
    product = card_product(tenant)
    with pytest.raises(cards.BadCards, match=why):
        cards.take_in(product=product, lines=lines, actor=None)
    assert not Card.objects.exists()


def test_a_product_of_codes_takes_no_cards(tenant: Tenant) -> None:
    with pytest.raises(cards.BadCards, match="not delivered as imported cards"):
        cards.take_in(product=stocked(tenant), lines=["one"], actor=None)


def test_no_card_lies_in_the_database_in_plain(tenant: Tenant) -> None:
    card_product(tenant, "VERY-SECRET-CARD")
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(billing_card)::text FROM billing_card")
        [(row,)] = cursor.fetchall()
    assert "SECRET" not in row
    assert cards.reveal(Card.objects.all()) == ["VERY-SECRET-CARD"]


def test_an_order_gets_the_oldest_cards_and_shows_them(tenant: Tenant) -> None:
    product = card_product(tenant, "one", "two", "three")
    paying = attempt(product, sandbox(tenant), quantity=2)
    assert states(product) == ["available", "reserved", "reserved"]
    assert bought.pieces(paying.order) == []
    order = pay(paying)
    assert (order.state, order.kind) == ("delivered", "card")
    assert [piece.text for piece in bought.pieces(order)] == ["one", "two"]
    assert states(product) == ["available", "sold", "sold"]
    pay(paying)
    assert states(product) == ["available", "sold", "sold"]


def test_an_order_that_ends_unpaid_gives_its_cards_back(tenant: Tenant) -> None:
    product = card_product(tenant, "one")
    order = place(product).order
    with pytest.raises(codes.SoldOut):
        place(product, email="late@example.test")
    orders.cancel(order=order)
    assert catalogue.on_sale(tenant=tenant).get(pk=product.pk).stock == 1  # type: ignore[attr-defined]  # annotated
    place(product)


def test_a_late_payment_finds_its_card_sold_and_waits_for_a_person(tenant: Tenant) -> None:
    product, account = card_product(tenant, "one"), sandbox(tenant)
    late = attempt(product, account)
    orders.cancel(order=late.order)
    bought_from(product, email="first@example.test")
    order = pay(late)
    assert (order.state, order.review_reason) == ("review", "paid late: sold out meanwhile")


def test_voided_cards_are_not_sold_and_sold_ones_stay(tenant: Tenant) -> None:
    product = card_product(tenant, "one", "two", "three")
    bought_from(product)
    assert cards.void(cards=Card.objects.filter(product=product)) == 2
    assert cards.void(cards=Card.objects.filter(product=product)) == 0
    assert states(product) == ["sold", "void", "void"]
    with pytest.raises(codes.SoldOut):
        place(product)


@pytest.mark.django_db(transaction=True)
def test_a_crowd_gets_each_card_once(root_tenant: Tenant) -> None:
    """W11: no card goes to two orders."""
    product, account = card_product(root_tenant, *(f"card-{n}" for n in range(5))), sandbox(root_tenant)

    def buy(number: int) -> str:
        try:
            paying = attempt(product, account, email=f"buyer-{number}@example.test")
        except codes.SoldOut:
            return "sold out"
        for _ in range(2):
            order = pay(paying)
        return bought.pieces(order)[0].text

    got = crowd(20, buy)
    assert sorted(text for text in got if text != "sold out") == [f"card-{n}" for n in range(5)]
    assert got.count("sold out") == 15
    assert Order.objects.filter(state="delivered").count() == 5
    assert audit.run() == []
