"""Statistics show exactly what was sold and earned in the chosen days, to each back office its own; sheets hold the same figures."""

from __future__ import annotations

import csv
import datetime
import json

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys, tenants
from accounts.models import AuditEvent, Membership
from billing import ledger
from billing.models import Order
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord
from tests.billing.shop import FIVE, PRICE, bought_from, manual_product, stocked

pytestmark = pytest.mark.django_db
PAGE = "/reseller/statistics/"
TODAY = timezone.now().astimezone(datetime.UTC).date()


def call(member: Membership, *, price: int, cost: int | None, earned: int) -> None:
    """One call that was paid, the shop's part of it in its margin account."""
    key = keys.issue(membership=member, name="k").key
    row = UsageRecord(id=uuid7(), tenant=member.tenant, membership=member, api_key=key, model="m", price_micros=price, cost_micros=cost)
    row.save()
    rollups.roll_up()
    issuer, margin = ledger.account(kind="issuer").pk, ledger.account(kind="margin", tenant_id=member.tenant_id).pk
    ledger.transfer(kind="use", key=f"use:{row.pk}", src_id=issuer, dst_id=margin, amount=earned)


def rows(browser: Client, address: str, query: str = "") -> list[dict[str, str]]:
    answer = browser.get(f"{address}{query}")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # it streams
    return list(csv.DictReader(text.splitlines()))


def test_a_shop_sees_its_sales_funnel_products_and_calls(desk: Client, end_user: Membership, stranger: Membership) -> None:
    five = stocked(end_user.tenant, count=9)
    bought_from(five, quantity=2)
    bought_from(manual_product(end_user.tenant))
    bought_from(manual_product(stranger.tenant))
    call(end_user, price=1_500, cost=777, earned=300)
    call(stranger, price=9_000, cost=5, earned=1_000)
    page = desk.get(PAGE)
    assert page.status_code == 200
    context = page.context
    assert context["sales"] == [
        {
            "currency": "CNY", "orders": 2, "pieces": 3, "quota": "$10.00", "gross": "¥117.00", "manual": "¥0.00",
            "returned": "¥0.00", "fees": "¥0.00",
            "cost": "—", "margin": "—",
        }
    ]  # fmt: skip
    assert [(row["orders"], row["share"]) for row in context["funnel"]] == [
        (2, "100.0 %"), (2, "100.0 %"), (2, "100.0 %"), (1, "50.0 %"), (0, "0.0 %"),
    ]  # fmt: skip
    assert [(row["name"], row["pieces"], row["gross"]) for row in context["best"]] == [
        ("Five dollars", 2, "¥78.00"),
        ("Set-up", 1, "¥39.00"),
    ]
    calls = context["calls"]
    assert (calls.count, calls.price_micros, calls.wholesale_micros, calls.earned_micros) == (1, 1_500, 1_200, 300)
    charts = [json.loads(chart["data"]) for chart in context["calls_charts"]]
    assert (len(charts[0]["labels"]), charts[0]["labels"][-1]) == (30, f"{TODAY:%m-%d}")
    assert [chart["datasets"][0]["data"][-1] for chart in charts] == [0.0015, 0.0003]
    assert json.loads(context["sales_charts"][0]["data"])["datasets"][0]["data"] == [*[0] * 29, 117]
    text = page.content.decode()
    assert "$0.000777" not in text  # what the platform pays upstream is the platform's affair
    assert "Elsewhere" not in text


def test_the_platform_sees_everybody_and_narrows_to_one(operator: Client, end_user: Membership, stranger: Membership) -> None:
    bought_from(manual_product(end_user.tenant))
    bought_from(manual_product(stranger.tenant))
    call(end_user, price=1_500, cost=700, earned=300)
    call(stranger, price=9_000, cost=None, earned=1_000)
    context = operator.get("/admin/statistics/").context
    assert (context["sales"][0]["gross"], context["sales"][0]["margin"]) == ("¥78.00", "¥78.00")
    calls = context["calls"]
    assert (calls.price_micros, calls.earned_micros, calls.cost_micros, calls.uncosted) == (10_500, 1_300, 700, 1)
    assert calls.margin_micros == 8_500
    assert [(row["name"], row["calls"].margin_micros) for row in context["tenants"]] == [("Elsewhere", 8_000), ("Tea House", 500)]
    one = operator.get(f"/admin/statistics/?tenant={end_user.tenant_id}").context
    assert (one["sales"][0]["gross"], one["calls"].margin_micros) == ("¥39.00", 500)


def test_a_shop_with_shops_below_sees_what_it_earned_on_them_apart(desk: Client, operator: Client, end_user: Membership) -> None:
    shop = end_user.tenant
    below = tenants.open_tenant(slug="below", name="Below", parent=shop)
    call(end_user, price=1_500, cost=700, earned=300)
    issuer, margin = ledger.account(kind="issuer").pk, ledger.account(kind="margin", tenant_id=shop.pk).pk
    ledger.post(kind="use", key="below", lines=[ledger.Line(issuer, margin, 40)], tenant_id=below.pk)
    calls = desk.get(PAGE).context["calls"]
    assert (calls.price_micros, calls.wholesale_micros, calls.earned_micros, calls.below_micros) == (1_500, 1_200, 300, 40)
    context = operator.get("/admin/statistics/").context
    assert [(row["name"], row["calls"].earned_micros) for row in context["tenants"]] == [("Tea House", 300), ("Below", 40)]
    assert operator.get(f"/admin/statistics/?tenant={below.pk}").context["calls"].earned_micros == 40


def test_days_outside_the_span_do_not_count(desk: Client, end_user: Membership) -> None:
    early = bought_from(manual_product(end_user.tenant))
    Order.objects.filter(pk=early.pk).update(paid_at=timezone.now() - datetime.timedelta(days=2))
    bought_from(manual_product(end_user.tenant), quantity=2)
    day = TODAY - datetime.timedelta(days=2)
    assert desk.get(f"{PAGE}?since={day}&until={day}").context["sales"][0]["gross"] == "¥39.00"
    assert desk.get(f"{PAGE}?since={TODAY}&until={TODAY}").context["sales"][0]["gross"] == "¥78.00"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2026-02-02&until=2026-02-01", "The last day is before the first"),
        ("since=2020-01-01&until=2026-02-01", "At most 400 days at once"),
        ("since=yesterday", "Enter a valid date"),
        ("since=0001-01-01&until=0001-01-02", "Nothing was sold in these days"),
        ("since=9999-12-31&until=9999-12-31", "The last day is still to come"),
    ],
)
def test_a_wrong_or_empty_span_is_told(desk: Client, query: str, said: str) -> None:
    page = desk.get(f"{PAGE}?{query}")
    assert page.status_code == 200
    assert said in page.content.decode()


def test_a_shop_cannot_ask_for_anothers_figures(desk: Client, stranger: Membership) -> None:
    bought_from(manual_product(stranger.tenant))
    assert desk.get(f"{PAGE}?tenant={stranger.tenant_id}").context["sales"] == []
    assert rows(desk, f"{PAGE}sales.csv", f"?tenant={stranger.tenant_id}") == []
    assert desk.get("/admin/statistics/", headers={"host": "platform.test"}).status_code == 404


def test_sheets_hold_the_figures_by_day_and_the_trail_says_who_took_them(desk: Client, operator: Client, end_user: Membership) -> None:
    bought_from(stocked(end_user.tenant))
    call(end_user, price=1_500, cost=700, earned=300)
    (sold,) = rows(desk, f"{PAGE}sales.csv", f"?since={TODAY}&until={TODAY}")
    assert sold == {
        "day": str(TODAY), "tenant": "teahouse", "currency": "CNY", "orders": "1", "pieces": "1", "gross_minor": str(PRICE),
        "returned_minor": "0", "fees_minor": "0", "quota_micros": str(FIVE), "manual_minor": "0", "cost_minor": "", "margin_minor": "",
    }  # fmt: skip
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.target, event.after) == (
        "statistics.export", "statistics:sales", {"since": str(TODAY), "until": str(TODAY)},
    )  # fmt: skip
    own = {
        "day": str(TODAY), "tenant": "teahouse", "calls": "1", "price_micros": "1500", "earned_micros": "300", "wholesale_micros": "1200",
        "below_micros": "0",
    }  # fmt: skip
    assert rows(desk, f"{PAGE}calls.csv") == [own]
    del own["below_micros"]
    assert rows(operator, "/admin/statistics/calls.csv") == [
        {**own, "uncosted_calls": "0", "cost_micros": "700", "margin_micros": "500"}
    ]  # fmt: skip
    assert desk.get(f"{PAGE}codes.csv").status_code == 404


def test_support_looks_and_takes_nothing_away(client: Client, end_user: Membership) -> None:
    Membership.objects.filter(pk=end_user.pk).update(role="support")
    client.force_login(end_user.user)
    page = client.get(PAGE, headers={"host": "shop.test"})
    assert (page.status_code, "sales.csv" in page.content.decode()) == (200, False)
    assert client.get(f"{PAGE}sales.csv", headers={"host": "shop.test"}).status_code == 403
