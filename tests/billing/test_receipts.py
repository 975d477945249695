"""Receipts say what was bought and paid, and their PDF can be read in Chinese."""

from __future__ import annotations

import io

import pytest
from django.utils import translation
from pypdf import PdfReader

from accounts.models import Tenant
from billing import offers, orders, receipts, refunds
from billing.models import Coupon, Order, PaymentAttempt, Product
from tests.billing.shop import bought_from, pay, place, sandbox, stocked

pytestmark = pytest.mark.django_db


def receipt_of(order: Order) -> receipts.Receipt:
    found = receipts.of(Order.objects.get(pk=order.pk))
    assert found is not None
    return found


def test_nothing_paid_no_receipt(tenant: Tenant) -> None:
    assert receipts.of(place(stocked(tenant)).order) is None


def test_a_receipt_adds_up(tenant: Tenant) -> None:
    product, account = stocked(tenant), sandbox(tenant)
    Coupon.objects.create(tenant=tenant, code="TEN", kind="percent", value=1000)
    made = orders.place(product=product, buyer=orders.Buyer(email="guest@example.test"), quantity=2, coupon="ten").order
    order = pay(orders.start_payment(order=made, account=account))
    receipt = receipt_of(order)
    assert dict(receipt.facts) | {"Paid on": ""} == {
        "Order": order.number, "Paid on": "", "Paid with": "Sandbox", "Buyer": "guest@example.test",
    }  # fmt: skip
    assert receipt.sums == (("2 × Five dollars", "¥78.00"), ("Coupon", "-¥7.80"), ("Total", "¥70.20"))
    assert offers.unit_price(product, 2) == 3900


def test_a_refund_stands_on_it(tenant: Tenant) -> None:
    order = bought_from(stocked(tenant))
    refunds.send(refunds.start(attempt=PaymentAttempt.objects.get(), actor=None, reason="", gesture_minor=900))
    assert receipt_of(order).sums[-1] == ("Paid back", "-¥9.00")


def test_the_pdf_reads_in_chinese_and_holds_no_code(tenant: Tenant) -> None:
    Tenant.objects.filter(pk=tenant.pk).update(name="茶馆·茶館", contact="微信 tea-house")
    product = stocked(tenant)
    Product.objects.filter(pk=product.pk).update(name="五美元额度 “Pro” €5")
    product.refresh_from_db()
    product.tenant.refresh_from_db()
    order = bought_from(product)
    with translation.override("zh-hans"):
        content = receipts.pdf(receipt_of(order))
    reader = PdfReader(io.BytesIO(content))
    text = reader.pages[0].extract_text()
    for part in ("茶馆·茶館", "微信 tea-house", "五美元额度 “Pro” €5", order.number, "¥39.00", "收据"):
        assert part in text
    fonts = reader.pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]  # pypdf's dictionaries
    kinds = [font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object().keys() for font in fonts]
    assert all("/FontFile2" in keys for keys in kinds)
    assert len(content) < 200_000


def test_long_names_and_many_answers_stay_on_paper(tenant: Tenant) -> None:
    product = stocked(tenant)
    Product.objects.filter(pk=product.pk).update(name="长" * 120)
    product.refresh_from_db()
    order = bought_from(product)
    Order.objects.filter(pk=order.pk).update(answers=[{"label": f"问题{n}", "value": "答" * 200} for n in range(8)])
    reader = PdfReader(io.BytesIO(receipts.pdf(receipt_of(order))))
    text = "".join(page.extract_text() for page in reader.pages)
    assert text.count("长") == 120
    assert text.count("答") == 8 * 200
    assert "¥39.00" in text
