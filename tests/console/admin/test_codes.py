"""Minting, exporting and stopping codes in the back office."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing import catalogue, code_shelf, codes, ledger, minting
from billing.models import CodeBatch
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

LIST = "/reseller/billing/codebatch/"


@pytest.fixture
def stock(tenant: Tenant) -> Tenant:
    """The shop with $100 of wholesale quota."""
    issuer, target = ledger.account(kind="issuer"), ledger.account(kind="stock", tenant_id=tenant.pk)
    ledger.post(kind="purchase", key="stock", lines=[ledger.Line(issuer.pk, target.pk, 100_000_000)], tenant_id=tenant.pk)
    return tenant


def test_minting_for_a_product_shows_the_codes_once(desk: Client, stock: Tenant) -> None:
    product = catalogue.add_product(tenant=stock, name="Five", units_micros=5_000_000, price_minor=39_00, currency="CNY")
    answer = desk.post(f"{LIST}add/", {"product": product.pk, "count": "3"})
    shown = answer.context["boxes"][0].text.splitlines()
    assert len(set(shown)) == 3
    assert "$85.00" in str(dict(answer.context["facts"])["Left in stock"])
    assert code_shelf.available(product=product) == 3
    event = AuditEvent.objects.get()
    assert (event.action, event.after["count"]) == ("codebatch.mint", 3)
    assert "salt" not in event.after
    batch = event.target.partition(":")[2]
    for page in (desk.get(LIST), desk.get(f"{LIST}{batch}/change/"), desk.get("/reseller/billing/code/")):
        assert shown[0] not in page.content.decode()
        assert page.status_code == 200


def test_minting_more_than_the_stock_is_an_error_of_the_form(desk: Client, stock: Tenant) -> None:
    answer = desk.post(f"{LIST}add/", {"units_micros": "50", "count": "3"})
    lacking = "This takes $150.00 of the stock, in which there is $100.00: buy $50.00 more first."
    assert answer.context["form"].non_field_errors() == [lacking]
    assert f'href="/reseller/accounts/tenant/{stock.pk}/buy_quota/">Buy wholesale</a>' in answer.content.decode()
    answer = desk.post(f"{LIST}offer_promo/", {"text": "SPRING", "units_micros": "50", "uses": "3"})
    assert answer.context["form"].non_field_errors() == [lacking]
    assert not AuditEvent.objects.exists()


def test_an_export_hands_the_codes_out_and_is_kept(sure_desk: Client, stock: Tenant, end_user: Membership) -> None:
    minted = codes.mint(tenant=stock, units_micros=5_000_000, count=2, offline=True)
    codes.redeem(membership=end_user, code=minted.codes[0])
    address = f"{LIST}{minted.batch.pk}/export/"
    assert sure_desk.get(address).status_code == 200
    assert not AuditEvent.objects.exists()
    answer = sure_desk.post(address, {"which": "available", "format": "txt"})
    assert answer.content.decode() == f"{minted.codes[1]}\n"
    everything = sure_desk.post(address, {"which": "all", "format": "csv"}).content.decode().splitlines()
    assert everything == ["serial,code,state", f"1,{minted.codes[0]},redeemed", f"2,{minted.codes[1]},available"]
    first, second = AuditEvent.objects.order_by("id")
    assert first.after == {"codes": 1, "which": "available", "sha256": hashlib.sha256(answer.content).hexdigest()}
    assert (second.after["codes"], second.after["which"]) == (2, "all")


def test_an_export_asks_for_the_password_again(desk: Client, stock: Tenant) -> None:
    minted = codes.mint(tenant=stock, units_micros=5_000_000, count=1, offline=True)
    address, choice = f"{LIST}{minted.batch.pk}/export/", {"which": "all", "format": "txt"}
    for answer in (desk.get(address), desk.post(address, choice)):
        assert answer["Location"] == f"/accounts/reauthenticate/?next={quote(address, safe='')}"
    wrong = desk.post("/accounts/reauthenticate/", {"password": "not it", "next": address})
    assert minted.codes[0] not in wrong.content.decode()
    assert not AuditEvent.objects.exists()
    right = desk.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": address})
    assert right.content.decode() == f"{minted.codes[0]}\n"
    assert AuditEvent.objects.get().action == "codebatch.export"


def test_a_frozen_batch_cannot_be_redeemed_until_it_is_unfrozen(desk: Client, stock: Tenant, end_user: Membership) -> None:
    minted = codes.mint(tenant=stock, units_micros=5_000_000, count=1, offline=True)
    desk.post(f"{LIST}{minted.batch.pk}/freeze/", {"reason": "leaked"})
    with pytest.raises(codes.Refused):
        codes.redeem(membership=end_user, code=minted.codes[0])
    desk.post(f"{LIST}{minted.batch.pk}/unfreeze/", {"reason": "false alarm"})
    assert codes.redeem(membership=end_user, code=minted.codes[0]).units_micros == 5_000_000


def test_a_leaked_batch_is_reissued(desk: Client, stock: Tenant, end_user: Membership) -> None:
    minted = codes.mint(tenant=stock, units_micros=5_000_000, count=2, offline=True)
    assert "hand out anew" in desk.get(f"{LIST}{minted.batch.pk}/reissue/").content.decode()
    there = desk.post(f"{LIST}{minted.batch.pk}/reissue/", {"reason": "leaked"})["Location"]
    with pytest.raises(codes.Refused):
        codes.redeem(membership=end_user, code=minted.codes[0])
    made = CodeBatch.objects.latest("pk")
    assert there.endswith(f"/{made.pk}/change/")
    assert AuditEvent.objects.get().after == {"batch": made.pk, "codes": 2, "reason": "leaked"}
    assert codes.redeem(membership=end_user, code=codes.reveal(made.codes.select_related("batch"))[0]).units_micros == 5_000_000


def test_revoking_needs_a_reason_and_gives_the_quota_back(desk: Client, stock: Tenant) -> None:
    minted = codes.mint(tenant=stock, units_micros=5_000_000, count=2, offline=True)
    account = ledger.account(kind="stock", tenant_id=stock.pk)
    desk.post(f"{LIST}{minted.batch.pk}/revoke/", {"reason": ""})
    assert ledger.balance_of(account) == 90_000_000
    desk.post(f"{LIST}{minted.batch.pk}/revoke/", {"reason": "withdrawn"})
    assert ledger.balance_of(account) == 100_000_000
    assert AuditEvent.objects.get().after == {"codes": 2, "reason": "withdrawn"}


def test_support_looks_but_does_not_export(tenant: Tenant, stock: Tenant, reseller_owner: Membership) -> None:
    minted = codes.mint(tenant=stock, units_micros=5_000_000, count=1, offline=True)
    reseller_owner.role = Membership.Role.SUPPORT
    reseller_owner.save(update_fields=["role"])
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    assert client.get(LIST).status_code == 200
    answer = client.post(f"{LIST}{minted.batch.pk}/export/", {"which": "all", "format": "txt"})
    assert answer.status_code == 403
    assert minted.codes[0] not in answer.content.decode()


def test_a_large_batch_shows_how_far_it_is_until_it_is_whole(sure_desk: Client, stock: Tenant) -> None:
    answer = sure_desk.post(f"{LIST}add/", {"units_micros": "0.01", "count": "1200"})
    batch = CodeBatch.objects.get()
    address = f"{LIST}{batch.pk}/change/"
    assert answer["Location"] == address
    page = sure_desk.get(address)
    assert '<progress value="1000" max="1200" aria-label="1,000 / 1,200"></progress>' in page.content.decode()
    assert page["Refresh"] == "2"
    refused = sure_desk.post(f"{LIST}{batch.pk}/revoke/", {"reason": "withdrawn"}, follow=True)
    assert "still being minted" in refused.content.decode()
    assert [event.action for event in AuditEvent.objects.all()] == ["codebatch.mint"]
    minting.go_on(batch.pk)
    assert "Refresh" not in sure_desk.get(address)
    exported = sure_desk.post(f"{LIST}{batch.pk}/export/", {"which": "all", "format": "txt"}).content.decode()
    assert len(set(exported.splitlines())) == 1_200


def test_a_promo_code_is_offered_and_customers_redeem_it(sure_desk: Client, stock: Tenant, end_user: Membership) -> None:
    page = f"{LIST}offer_promo/"
    assert page in sure_desk.get(LIST).content.decode()
    wanted = {"text": "WELCOME-2026", "units_micros": "2", "uses": "3", "redeem_from": "2026-01-01", "note": "spring", "new_only": "on"}
    assert "4 to 40" in str(sure_desk.post(page, wanted | {"text": "!!!!"}).context["form"].non_field_errors())
    assert not CodeBatch.objects.exists()
    answer = sure_desk.post(page, wanted)
    batch = CodeBatch.objects.get()
    assert answer["Location"] == f"{LIST}{batch.pk}/change/"
    assert "WELCOME-2026" in sure_desk.get(LIST).content.decode()
    event = AuditEvent.objects.get()
    assert (event.action, event.after["shared_text"], event.after["count"]) == ("codebatch.promo", "WELCOME-2026", 3)
    assert batch.new_only
    assert codes.redeem(membership=end_user, code="welcome-2026").units_micros == 2_000_000
    exported = sure_desk.post(f"{LIST}{batch.pk}/export/", {"which": "all", "format": "txt"}, follow=True)
    assert "no codes by themselves" in exported.content.decode()
