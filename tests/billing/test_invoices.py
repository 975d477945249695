"""Invoices: asked for in a name, issued as a PDF that only shows pages, declined with a reason."""

from __future__ import annotations

import io

import pytest
from django.core import mail
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from accounts.models import Tenant
from billing import invoices
from billing.models import InvoiceRequest, Order
from foundation import outbox
from tests.billing.shop import bought_from, place, sandbox, stocked

pytestmark = pytest.mark.django_db


def sheet(*, action: str = "", password: str = "", pages: int = 1) -> bytes:
    writer = PdfWriter()
    for _page in range(pages):
        writer.add_blank_page(100, 100)
    writer.add_attachment("factur-x.xml", b"<x/>")
    if action:
        does = {NameObject("/S"): NameObject(action), NameObject("/F"): TextStringObject("app.alert(1)")}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(does)
    if password:
        writer.encrypt(password)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def issue(invoice: InvoiceRequest, content: bytes) -> None:
    invoices.issue(invoice=invoice, file=io.BytesIO(content), size=len(content), actor=None)


@pytest.fixture
def order(tenant: Tenant) -> Order:
    made = bought_from(stocked(tenant))
    made.site = "http://shop.test"
    made.save(update_fields=["site"])
    return made


def test_an_invoice_is_asked_for_issued_and_read(order: Order) -> None:
    asked = invoices.request(order=order, title=" 某某科技有限公司 ", tax_number=" 91110108ma01abcd2x ", note="by Friday")
    assert (asked.title, asked.tax_number, asked.state) == ("某某科技有限公司", "91110108MA01ABCD2X", "requested")
    content = sheet()
    issue(asked, content)
    asked.refresh_from_db()
    assert asked.state == "issued"
    assert invoices.read(asked) == content
    mail.outbox.clear()
    outbox.deliver()
    assert any("http://shop.test/o/" in str(one.body) and "/invoice/" in str(one.body) for one in mail.outbox)
    with pytest.raises(invoices.WrongInvoice):
        invoices.request(order=order, title="Other")
    issue(asked, sheet(pages=2))
    assert invoices.read(InvoiceRequest.objects.get()) == sheet(pages=2)


def test_until_it_is_issued_the_newest_words_count(order: Order) -> None:
    first = invoices.request(order=order, title="Ann")
    invoices.decline(invoice=first, reason="no company", actor=None)
    again = invoices.request(order=order, title="Ann Ltd", tax_number="GB-123 456")
    assert (again.pk, again.title, again.state, again.answer) == (first.pk, "Ann Ltd", "requested", "")
    with pytest.raises(invoices.WrongInvoice):
        invoices.decline(invoice=InvoiceRequest(pk=0, order=order), reason="x", actor=None)


@pytest.mark.parametrize("values", [{"title": " "}, {"title": "A", "tax_number": "12"}, {"title": "A", "tax_number": "<script>"}])
def test_bad_words_are_refused(order: Order, values: dict[str, str]) -> None:
    with pytest.raises(invoices.BadInvoice):
        invoices.request(order=order, **values)
    assert not InvoiceRequest.objects.exists()


def test_unpaid_orders_have_no_invoice(tenant: Tenant) -> None:
    sandbox(tenant)
    with pytest.raises(invoices.WrongInvoice):
        invoices.request(order=place(stocked(tenant)).order, title="Ann")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html><script>alert(1)</script>", "no PDF"),
        (b"%PDF-1.7 broken", "cannot be read"),
        (b"%PDF-1.7\n%%EOF", "cannot be read"),
        (sheet(pages=0), "cannot be read"),
        (sheet(action="/JavaScript"), "scripts"),
        (sheet(action="/Launch"), "scripts"),
        (sheet(password="secret"), "password"),
        (b"%PDF-" + b"x" * (5 * 1024 * 1024), "larger than 5 MB"),
    ],
)
def test_files_that_are_no_plain_pdf_are_refused(order: Order, content: bytes, why: str) -> None:
    asked = invoices.request(order=order, title="Ann")
    with pytest.raises(invoices.BadInvoice, match=why):
        issue(asked, content)
    asked.refresh_from_db()
    assert (asked.state, asked.name) == ("requested", "")


def test_a_script_of_a_page_is_seen_and_a_page_to_open_at_is_not_one(order: Order) -> None:
    asked = invoices.request(order=order, title="Ann")
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    page[NameObject("/AA")] = DictionaryObject({NameObject("/O"): DictionaryObject({NameObject("/JS"): TextStringObject("x")})})
    made = io.BytesIO()
    writer.write(made)
    with pytest.raises(invoices.BadInvoice, match="scripts"):
        issue(asked, made.getvalue())
    issue(asked, sheet(action="/GoTo"))
