"""What a back office's first page says of selling: today's money, what runs low, what waits for a person, payment accounts."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Tenant
from billing import audit_runs, catalogue, gateway_alarms, gateways
from billing.models import GatewayAccount, Product, WebhookInbox
from console.admin.selling import HEALTH, Health, Short
from console.admin.tiles import Tile
from tests.billing.shop import attempt, bought_from, manual_product, pay, sandbox, stocked
from tests.billing.test_direct import stock_up
from tests.billing.test_sales import buy_stock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(db: None) -> None:
    cache.clear()


def tiles(browser: Client, path: str = "/reseller/") -> dict[str, Tile]:
    cache.clear()
    return {tile.title: tile for tile in browser.get(path).context["tiles"]}


def test_a_shop_sees_what_it_sold_today_and_what_it_earned(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    found = tiles(desk)
    assert (found["Sold today"].figure, found["Profit today"].figure) == ("0", "0")
    product = stocked(tenant)
    bought_from(product)
    found = tiles(desk)
    assert (found["Sold today"].figure, found["Sold today"].note) == ("¥39.00", "1 order since midnight UTC")
    assert (found["Profit today"].figure, found["Profit today"].note) == ("—", "nobody knows what the quota cost: none was bought")
    buy_stock(tenant, seller=root_tenant)
    assert tiles(desk)["Profit today"].figure == "¥4.00"


def test_little_stock_is_told_with_the_way_to_buy_more(desk: Client, tenant: Tenant) -> None:
    empty = tiles(desk)["Stock"]
    assert (empty.figure, empty.note, empty.action) == ("$0.00", "low: less than a week's sales", "Buy wholesale")
    assert empty.link == f"/reseller/accounts/tenant/{tenant.pk}/buy_quota/"
    assert desk.get(empty.link).status_code == 200
    stock_up(tenant, 4_000_000)
    assert tiles(desk)["Stock"].note == "quota bought and not sold yet"
    bought_from(stocked(tenant))
    assert (tiles(desk)["Stock"].figure, tiles(desk)["Stock"].note) == ("$4.00", "low: less than a week's sales")


def test_what_runs_out_leads_to_where_more_is_made(desk: Client, tenant: Tenant) -> None:
    few, none, enough = stocked(tenant, count=2), manual_product(tenant, left=0), stocked(tenant, count=3)
    Product.objects.filter(pk__in=[few.pk, enough.pk]).update(low_stock=3)
    mint = f"/reseller/billing/codebatch/add/?product={few.pk}"
    assert desk.get("/reseller/").context["short"] == [
        Short("Set-up", 0, f"/reseller/billing/product/{none.pk}/change/", "Change"),
        Short("Five dollars", 2, mint, "Mint codes"),
    ]
    page = desk.get(mint).content.decode()
    assert f'<option value="{few.pk}" selected>' in page
    assert "In stock: $0.00." in page
    assert desk.get("/reseller/billing/codebatch/add/?product=x").status_code == 200


def test_money_that_waits_for_a_person_is_counted(desk: Client, tenant: Tenant) -> None:
    assert (tiles(desk)["Money to look at"].figure, tiles(desk)["Money to look at"].link) == ("0", "")
    order = pay(attempt(stocked(tenant), sandbox(tenant)), amount_minor=100)
    found = tiles(desk)["Money to look at"]
    assert (found.figure, found.link) == ("1", "/reseller/billing/order/?look=yes")
    assert order.number in desk.get(found.link).content.decode()


def test_accounts_that_need_somebody_come_first(desk: Client, operator: Client, tenant: Tenant, stranger: Membership) -> None:
    paid = sandbox(tenant)
    pay(attempt(stocked(tenant), paid))
    refused = gateways.add_account(tenant=tenant, driver="sandbox", name="Second")
    row = WebhookInbox.objects.create(account=refused, event_id="x", kind="refused", state="failed")
    GatewayAccount.objects.create(tenant=tenant, driver="stripe", name="Bare", token="bare", is_enabled=True)
    GatewayAccount.objects.create(tenant=tenant, driver="stripe", name="Off", token="off", is_enabled=False)
    silent = gateways.add_account(tenant=tenant, driver="sandbox", name="Silent")
    gateway_alarms.tell(silent, "no answer")
    long_ago = gateways.add_account(tenant=tenant, driver="sandbox", name="Mended")
    GatewayAccount.objects.filter(pk=long_ago.pk).update(failed_at=timezone.now() - 2 * HEALTH, failure="no answer")
    gateways.add_account(tenant=stranger.tenant, driver="sandbox", name="Theirs")
    found: list[Health] = desk.get("/reseller/").context["health"]
    facts = [(one.name, one.state, one.begun, one.paid, one.refused, one.heard_at, one.failure) for one in found]
    assert facts == [
        ("Second", "ready", 0, 0, 1, row.created_at, ""),
        ("Bare", "incomplete", 0, 0, 0, None, ""),
        ("Silent", "ready", 0, 0, 0, None, "no answer"),
        (paid.name, "ready", 1, 1, 0, None, ""),
        ("Mended", "ready", 0, 0, 0, None, ""),
    ]
    assert {desk.get(one.link).status_code for one in found} == {200}
    assert "no answer" in desk.get(found[2].link).content.decode()
    everywhere = {one.name for one in operator.get("/admin/").context["health"]}
    assert everywhere == {"Second", "Bare", "Silent", paid.name, "Mended", "Theirs"}


def test_the_platform_sees_all_sales_and_the_last_audit_and_no_shops_profit(operator: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    bought_from(stocked(tenant))
    bought_from(stocked(root_tenant, currency="USD"))
    found = tiles(operator, "/admin/")
    assert found["Sold today"].figure == "¥39.00 + $39.00"
    assert not {"Profit today", "Stock", "Last audit"} & found.keys()
    run = audit_runs.keep(wrong=[], notices=[], names=["balanced"], figures={}, duration_ms=5)
    found = tiles(operator, "/admin/")
    assert (found["Last audit"].figure, found["Last audit"].link) == ("all agrees", f"/admin/billing/auditrun/{run.pk}/change/")
    assert operator.get(found["Last audit"].link).status_code == 200


def test_another_language_is_not_served_from_the_first_ones_figures(desk: Client) -> None:
    assert "Spent today" in desk.get("/reseller/").content.decode()
    assert "Spent today" not in desk.get("/reseller/", HTTP_ACCEPT_LANGUAGE="zh-hans").content.decode()


def test_a_shop_hears_of_what_it_hides(desk: Client, tenant: Tenant) -> None:
    stocked(tenant)
    made = catalogue.add_product(tenant=tenant, name="In euros", units_micros=1_000_000, price_minor=500, currency="EUR")
    assert "Hidden products" not in tiles(desk)
    gateways.add_account(tenant=tenant, driver="epay", values={"base": "https://pay.example.com", "pid": "1", "key": "k"})
    found = tiles(desk)["Hidden products"]
    assert (found.figure, found.link) == ("1", "/reseller/billing/product/?is_active__exact=1")
    assert found.note.startswith("In euros: no payment account takes its currency")
    Product.objects.filter(pk=made.pk).update(is_active=False)
    assert "Hidden products" not in tiles(desk)
