"""Cards in the back office: pasted or from a file, exported and voided with a line in the trail; and delivery by hand."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, Tenant
from billing import cards, catalogue, hand_delivery
from billing.models import Card, CardBatch, Order, Product
from tests.billing.shop import bought_from, card_product, manual_product, stocked

pytestmark = pytest.mark.django_db

LIST = "/reseller/billing/cardbatch/"


def press(desk: Client, page: Any) -> Any:
    """Send the form that a page shows, as it is, as its button does."""
    form = page.context["form"]
    return desk.post(f"{LIST}add/", {name: form[name].value() or "" for name in form.fields if name != "file"})


def told(page: Any) -> list[str]:
    return [str(value) for _name, value in page.context["facts"]]


def test_pasted_cards_are_imported_and_the_rest_is_named(desk: Client, tenant: Tenant) -> None:
    product = card_product(tenant, "old-1111")
    report = desk.post(f"{LIST}add/", {"product": product.pk, "text": "new-2222\r\nold-1111\r\nnew-2222\r\nnew-3333", "note": "June"})
    assert (told(report), Card.objects.count(), AuditEvent.objects.count()) == (["2", "3", "2", "—", "—"], 1, 0)
    assert "Import 2 cards" in report.content.decode()
    assert "no-store" in report["Cache-Control"]
    assert told(press(desk, report)) == ["2", "3", "2"]
    event = AuditEvent.objects.get()
    assert (event.action, event.after["count"], event.after["note"]) == ("cardbatch.import", 2, "June")
    for page in (desk.get(LIST), desk.get("/reseller/billing/card/")):
        assert page.status_code == 200
        assert "new-2222" not in page.content.decode()
    assert "…2222" in desk.get("/reseller/billing/card/").content.decode()


def test_a_csv_file_is_imported(desk: Client, tenant: Tenant) -> None:
    product = card_product(tenant)
    file = SimpleUploadedFile("cards.csv", b"\xef\xbb\xbfid,secret\n1,AAA\n2,BBB\n", content_type="text/csv")
    report = desk.post(f"{LIST}add/", {"product": product.pk, "file": file, "text": ""})
    assert (told(report)[0], Card.objects.count()) == ("2", 0)
    press(desk, report)
    assert sorted(cards.reveal(Card.objects.filter(product=product))) == ["AAA", "BBB"]


def test_what_differs_from_the_report_is_reported_first(desk: Client, tenant: Tenant) -> None:
    product, other = card_product(tenant), card_product(tenant)
    seen = desk.post(f"{LIST}add/", {"product": product.pk, "text": "A-1"}).context["form"]["seen"].value()
    for changed in ({"product": product.pk, "text": "A-1\nB-2"}, {"product": other.pk, "text": "A-1"}):
        assert "Nothing is stored yet" in desk.post(f"{LIST}add/", changed | {"seen": seen}).content.decode()
    assert not Card.objects.exists()


def test_what_somebody_imported_after_the_report_is_told(desk: Client, tenant: Tenant) -> None:
    product = card_product(tenant)
    report = desk.post(f"{LIST}add/", {"product": product.pk, "text": "A-1"})
    cards.take_in(product=product, lines=["A-1"], actor=None)
    assert "known already" in press(desk, report).content.decode()
    assert Card.objects.count() == 1


def test_a_report_of_refused_lines_offers_no_import(desk: Client, tenant: Tenant) -> None:
    product = card_product(tenant)
    file = SimpleUploadedFile("cards.txt", b"fine\n" + b"x" * 1001 + b"\na\0b\n", content_type="text/plain")
    report = desk.post(f"{LIST}add/", {"product": product.pk, "file": file, "text": ""})
    assert told(report) == ["1", "—", "—", "2", "3"]
    assert "Nothing can be imported" in report.content.decode()
    assert report.context["form"]["seen"].value() == ""
    assert not Card.objects.exists()


@pytest.mark.parametrize(
    ("text", "file", "why"),
    [
        ("", None, "one of the two"),
        ("A", b"B", "one of the two"),
        ("", b"\xff\xfe\x00", "not text in UTF-8"),
        ("", b"x" * (2 * 1024 * 1024 + 1), "larger than 2 MB"),
        (" \n ", b" ", "one of the two"),
        ("secret\n\n", None, "no card in this"),
    ],
)
def test_a_bad_import_says_why_and_keeps_nothing(desk: Client, tenant: Tenant, text: str, file: bytes | None, why: str) -> None:
    values: dict[str, object] = {"product": card_product(tenant).pk, "text": text}
    if file is not None:
        values["file"] = SimpleUploadedFile("cards.txt", file)
    assert why in desk.post(f"{LIST}add/", values).content.decode()
    assert not Card.objects.exists()


def test_cards_go_to_own_card_products_only(desk: Client, tenant: Tenant, stranger: object) -> None:
    elsewhere = card_product(Tenant.objects.get(slug="elsewhere"))
    for product in (elsewhere, stocked(tenant)):
        assert "Select a valid choice" in desk.post(f"{LIST}add/", {"product": product.pk, "text": "A"}).content.decode()
    assert not Card.objects.exists()


def test_an_export_holds_what_is_not_sold(sure_desk: Client, tenant: Tenant) -> None:
    product = card_product(tenant, "one", "two")
    bought_from(product)
    address = f"{LIST}{CardBatch.objects.get().pk}/export/"
    assert sure_desk.get(address).status_code == 200
    assert not AuditEvent.objects.exists()
    answer = sure_desk.post(address)
    assert answer.content == b"two\n"
    assert "no-store" in answer["Cache-Control"]
    event = AuditEvent.objects.get()
    assert (event.action, event.after) == ("cardbatch.export", {"cards": 1, "sha256": hashlib.sha256(b"two\n").hexdigest()})


def test_an_export_asks_for_the_password_again(desk: Client, tenant: Tenant) -> None:
    card_product(tenant, "one")
    address = f"{LIST}{CardBatch.objects.get().pk}/export/"
    for answer in (desk.get(address), desk.post(address)):
        assert answer["Location"].startswith("/accounts/reauthenticate/?next=")
    assert not AuditEvent.objects.exists()


def test_voiding_needs_a_reason_and_is_kept(desk: Client, tenant: Tenant) -> None:
    card_product(tenant, "one", "two")
    address = f"{LIST}{CardBatch.objects.get().pk}/void/"
    desk.post(address, {"reason": ""})
    assert Card.objects.filter(state="available").count() == 2
    desk.post(f"/reseller/billing/card/{Card.objects.earliest('pk').pk}/void/", {"reason": "wrong"})
    desk.post(address, {"reason": "leak"})
    assert Card.objects.filter(state="void").count() == 2
    assert [event.after for event in AuditEvent.objects.order_by("pk")] == [
        {"cards": 1, "reason": "wrong"}, {"cards": 1, "reason": "leak"},
    ]  # fmt: skip


def test_staff_deliver_a_waiting_order(desk: Client, tenant: Tenant) -> None:
    order = bought_from(manual_product(tenant))
    assert order.number in desk.get("/reseller/billing/order/?state__exact=paid").content.decode()
    address = f"/reseller/billing/order/{order.pk}/hand_over/"
    assert desk.post(address, {"text": " "}).status_code == 200
    assert desk.post(address, {"text": "user / secret-1"}).status_code == 302
    order = Order.objects.get()
    assert (order.state, hand_delivery.text_of(order)) == ("delivered", "user / secret-1")
    event = AuditEvent.objects.get()
    assert (event.action, event.before, event.after) == ("order.hand_over", {"state": "paid"}, {"state": "delivered"})
    assert "secret-1" in desk.get(address).content.decode()


def test_products_of_every_kind_are_made_by_form(desk: Client, tenant: Tenant) -> None:
    common = {
        "name": "N", "price": "39.00", "currency": "CNY", "is_active": "on", "sort": "0", "stock_shown": "range", "least_pieces": "1",
        "most_pieces": "20", "pictures-TOTAL_FORMS": "0", "pictures-INITIAL_FORMS": "0", "bonus_days": "30",
    }  # fmt: skip
    for kind, units in (("code", "5"), ("key", "5"), ("card", ""), ("manual", "")):
        answer = desk.post("/reseller/billing/product/add/", {**common, "kind": kind, "units_micros": units})
        assert answer.status_code == 302, answer.context["adminform"].form.errors
    kinds = list(Product.objects.order_by("pk").values_list("kind", "units_micros"))
    assert kinds == [("code", 5_000_000), ("key", 5_000_000), ("card", 0), ("manual", 0)]
    for kind, units in (("code", ""), ("card", "5")):
        answer = desk.post("/reseller/billing/product/add/", {**common, "kind": kind, "units_micros": units})
        assert "holds no quota" in answer.content.decode()
    assert catalogue.find(tenant=tenant, slug="n").kind == "code"
    assert desk.get("/reseller/billing/product/").status_code == 200
