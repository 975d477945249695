"""Looking at the books: from a journal to what it is about, and no further than one may see."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership, Tenant
from billing import ledger
from billing.models import Journal
from tests.billing.shop import attempt, pay, sandbox, stocked

pytestmark = pytest.mark.django_db


def journal_about(reference: str, shop: Tenant) -> Journal:
    issuer, stock = ledger.account(kind="issuer").pk, ledger.account(kind="stock", tenant_id=shop.pk).pk
    line = ledger.Line(issuer, stock, 1)
    return ledger.post(kind="grant", key=f"about:{reference}", lines=[line], tenant_id=shop.pk, reference=reference)


def test_a_journal_leads_to_what_it_is_about(operator: Client, desk: Client, tenant: Tenant) -> None:
    order = pay(attempt(stocked(tenant), sandbox(tenant)))
    code = order.codes.get()
    for reference, address in (
        (f"order:{order.pk}", f"billing/order/{order.pk}/change/"),
        (f"code:{code.pk}", f"billing/code/{code.pk}/change/"),
        (f"batch:{code.batch_id}", f"billing/codebatch/{code.batch_id}/change/"),
    ):
        journal = journal_about(reference, tenant)
        for browser, site in ((operator, "admin"), (desk, "reseller")):
            page = browser.get(f"/{site}/billing/journal/{journal.pk}/change/").content.decode()
            assert f'href="/{site}/{address}">{reference}</a>' in page
            assert browser.get(f"/{site}/{address}").status_code == 200


def test_what_is_another_shops_or_nothing_is_no_link(desk: Client, tenant: Tenant, stranger: Membership) -> None:
    theirs = pay(attempt(stocked(stranger.tenant), sandbox(stranger.tenant)))
    for reference in (f"order:{theirs.pk}", "order:x", "order:99999999", "moon:1", "order:", "words of the operator"):
        page = desk.get(f"/reseller/billing/journal/{journal_about(reference, tenant).pk}/change/")
        assert page.status_code == 200
        assert reference in page.content.decode()
        assert f">{reference}</a>" not in page.content.decode()
