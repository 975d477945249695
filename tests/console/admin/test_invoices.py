"""Invoices in the back office: issued from a file, declined with a reason, downloaded, and in the trail."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEvent, Tenant
from billing import invoices
from billing.models.invoices import InvoiceRequest
from tests.billing.shop import bought_from, stocked
from tests.billing.test_invoices import sheet

pytestmark = pytest.mark.django_db
LIST = "/reseller/billing/invoicerequest/"


@pytest.fixture
def address(tenant: Tenant) -> str:
    return f"{LIST}{invoices.request(order=bought_from(stocked(tenant)), title='Ann Ltd').pk}/"


def test_staff_issue_and_download(desk: Client, address: str) -> None:
    assert "Ann Ltd" in desk.get(LIST).content.decode()
    assert desk.get(f"{address}download/").status_code == 404
    refused = desk.post(f"{address}issue/", {"file": SimpleUploadedFile("a.pdf", sheet(action="/JavaScript"))})
    assert "scripts" in refused.content.decode()
    assert InvoiceRequest.objects.get().state == "requested"
    content = sheet()
    assert desk.post(f"{address}issue/", {"file": SimpleUploadedFile("../a.pdf", content)}).status_code == 302
    assert desk.get(f"{address}download/").content == content
    assert [event.action for event in AuditEvent.objects.all()] == ["invoicerequest.issue"]


def test_staff_decline_with_a_reason(desk: Client, address: str) -> None:
    assert desk.post(f"{address}decline/", {"reason": ""}).status_code == 200
    desk.post(f"{address}decline/", {"reason": "no company"})
    asked = InvoiceRequest.objects.get()
    assert (asked.state, asked.answer) == ("declined", "no company")
    assert [event.action for event in AuditEvent.objects.all()] == ["invoicerequest.decline"]
