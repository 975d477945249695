"""Receipt and invoice on the order's page, for whoever knows its address and nobody else."""

from __future__ import annotations

import io

import pytest
from django.test import Client

from accounts.models import Membership, Tenant
from billing import capability, invoices
from billing.models import InvoiceRequest, Order
from tests.billing.shop import bought_from, place, sandbox, stocked
from tests.billing.test_invoices import sheet

pytestmark = pytest.mark.django_db


@pytest.fixture
def guest() -> Client:
    return Client(headers={"host": "shop.test"})


@pytest.fixture
def address(tenant: Tenant) -> str:
    return f"/o/{capability.of(bought_from(stocked(tenant)))}/"


def test_a_paid_order_has_a_receipt_to_print_and_to_save(guest: Client, address: str) -> None:
    assert f"{address}receipt/" in guest.get(address).content.decode()
    page = guest.get(f"{address}receipt/").content.decode()
    assert "¥39.00" in page
    assert "no-print" in page
    saved = guest.get(f"{address}receipt.pdf")
    assert saved.content.startswith(b"%PDF-")
    assert saved["Content-Type"] == "application/pdf"
    assert saved["Content-Disposition"] == f'attachment; filename="receipt-{Order.objects.get().number}.pdf"'
    assert saved["Cache-Control"] == "no-store, private"


def test_the_buyer_asks_for_an_invoice_and_fetches_it(guest: Client, address: str) -> None:
    refused = guest.post(f"{address}invoice/", {"title": "Ann", "tax_number": "!"})
    assert refused.status_code == 422
    assert "tax_number" in refused.context["form"].errors
    assert guest.post(f"{address}invoice/", {"title": "Ann", "tax_number": "", "note": ""}).status_code == 302
    assert "You asked for it" in guest.get(f"{address}invoice/").content.decode()
    assert guest.get(f"{address}invoice.pdf").status_code == 404
    content = sheet()
    invoices.issue(invoice=InvoiceRequest.objects.get(), file=io.BytesIO(content), size=len(content), actor=None)
    assert "Save the invoice" in guest.get(f"{address}invoice/").content.decode()
    fetched = guest.get(f"{address}invoice.pdf")
    assert fetched.content == content
    assert fetched["Content-Disposition"].startswith("attachment")
    assert fetched["Content-Security-Policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize("page", ["receipt/", "receipt.pdf", "invoice/", "invoice.pdf"])
def test_unpaid_orders_and_other_shops_have_none(guest: Client, tenant: Tenant, stranger: Membership, page: str) -> None:
    sandbox(tenant)
    unpaid = place(stocked(tenant))
    assert guest.get(f"/o/{unpaid.capability}/{page}").status_code == 404
    paid = bought_from(unpaid.order.product, email="b@example.test")
    elsewhere = Client(headers={"host": "elsewhere.test"})
    elsewhere.force_login(stranger.user)
    assert elsewhere.get(f"/o/{capability.of(paid)}/{page}").status_code == 404


@pytest.mark.parametrize(
    ("agent", "is_shown"),
    [
        ("Mozilla/5.0 MicroMessenger/8.0.49", True),
        ("Mozilla/5.0 V1_AND_SQ QQ/9.1", True),
        ("Mozilla/5.0 MQQBrowser/13.6 Mobile", False),
        ("Mozilla/5.0 Chrome/130", False),
    ],
)
def test_wechat_and_qq_are_told_to_open_a_browser(guest: Client, tenant: Tenant, agent: str, is_shown: bool) -> None:
    sandbox(tenant)
    placed = place(stocked(tenant))
    address = f"/o/{placed.capability}/"
    page = guest.get(address, headers={"user-agent": agent}).content.decode()
    assert (f"http://shop.test{address}</span>" in page) is is_shown
    assert ("WeChat and QQ" in guest.get("/p/five-dollars/", headers={"user-agent": agent}).content.decode()) is is_shown
