"""Invoices over the API: issued as a PDF, read again, declined with a reason."""

from __future__ import annotations

import base64

import pytest

from accounts.models import Membership
from billing import invoices
from billing.models import InvoiceRequest
from tests.billing.shop import bought_from, stocked
from tests.billing.test_invoices import sheet
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def asked(member: Membership) -> InvoiceRequest:
    return invoices.request(order=bought_from(stocked(member.tenant)), title="Ann Ltd")


def test_an_invoice_is_issued_and_read_again(reseller_owner: Membership) -> None:
    invoice, call = asked(reseller_owner), program(reseller_owner)
    assert [(one["id"], one["title"]) for one in call("GET", "invoices/?state=requested")[1]["results"]] == [(invoice.pk, "Ann Ltd")]
    row = f"invoices/{invoice.pk}/"
    assert call("GET", f"{row}file/")[0] == 404
    bad = call("POST", f"{row}issue/", {"file": base64.b64encode(b"<html>").decode()})
    assert (bad[0], bad[1]["error"]["fields"].keys()) == (409, {"file"})
    file = base64.b64encode(sheet()).decode()
    assert call("POST", f"{row}issue/", {"file": file})[1]["state"] == "issued"
    assert call("GET", f"{row}file/")[1] == {"file": file}
    assert call("POST", f"{row}decline/", {"reason": "late"})[1]["error"]["code"] == "refused"


def test_a_wish_is_declined_and_strangers_see_none(reseller_owner: Membership, stranger: Membership) -> None:
    mine, theirs, call = asked(reseller_owner), asked(stranger), program(reseller_owner)
    told = call("POST", f"invoices/{mine.pk}/decline/", {"reason": "no such company"})[1]
    assert (told["state"], told["answer"]) == ("declined", "no such company")
    assert [call("GET", f"invoices/{theirs.pk}/{part}")[0] for part in ("", "file/")] == [404, 404]
    assert call("POST", f"invoices/{theirs.pk}/decline/", {"reason": "x"})[0] == 404
