"""Balance, statement and calls: the member's own, exact, behind the door."""

from __future__ import annotations

import csv
import datetime
import io
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.models import Membership, Tenant
from billing import alerts, capability, chart, ledger, rates
from billing.models import ExchangeRate, Order
from foundation.ids import uuid7
from gateway import rollups
from gateway.models import UsageRecord
from tests.billing.shop import bought_from, stocked

pytestmark = pytest.mark.django_db
HOST = "shop.test"
PAGES = ["/console/", "/console/keys/", "/console/keys/new/", "/console/wallet/", "/console/wallet/statement.csv", "/console/calls/"]


def grant(member: Membership, micros: int, *, key: str) -> None:
    issuer = chart.account(kind="issuer")
    wallet = chart.wallet(membership_id=member.pk)
    ledger.transfer(kind="grant", key=key, src_id=issuer.pk, dst_id=wallet.pk, amount=micros)


@pytest.mark.parametrize("path", PAGES)
def test_a_visitor_signs_in_first(client: Client, end_user: Membership, path: str) -> None:
    response = client.get(path, HTTP_HOST=HOST)
    assert response.status_code == 302
    assert response.headers["Location"].endswith(f"login/?next={path}")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_finds_nothing(client: Client, end_user: Membership, stranger: Membership, path: str) -> None:
    client.force_login(stranger.user)
    assert client.get(path, HTTP_HOST=HOST).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_a_member_sees_the_page_and_nobody_keeps_it(client: Client, end_user: Membership, path: str) -> None:
    client.force_login(end_user.user)
    response = client.get(path, HTTP_HOST=HOST)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]


def test_the_statement_adds_up_line_by_line(client: Client, end_user: Membership) -> None:
    grant(end_user, 5_000_000, key="first")
    grant(end_user, 372, key="second")
    client.force_login(end_user.user)
    page = client.get("/console/wallet/", HTTP_HOST=HOST).context["page"]
    assert [(entry.amount_micros, entry.balance_micros) for entry in page.entries] == [(372, 5_000_372), (5_000_000, 5_000_000)]


def test_the_download_holds_the_same_lines(client: Client, end_user: Membership) -> None:
    grant(end_user, 5_000_000, key="first")
    client.force_login(end_user.user)
    response = client.get("/console/wallet/statement.csv", HTTP_HOST=HOST)
    lines = list(csv.DictReader(io.StringIO(response.getvalue().decode("utf-8-sig"))))
    assert [(line["kind"], line["amount_micros"], line["balance"]) for line in lines] == [("grant", "5000000", "5.000000")]


def test_the_statement_and_its_file_are_narrowed_alike(client: Client, end_user: Membership) -> None:
    grant(end_user, 5_000_000, key="first")
    client.force_login(end_user.user)
    page = client.get("/console/wallet/?kind=use", HTTP_HOST=HOST)
    assert page.context["page"].entries == ()
    assert "No line fits" in page.content.decode()
    page = client.get("/console/wallet/?kind=grant&since=2026-01-01", HTTP_HOST=HOST)
    assert len(page.context["page"].entries) == 1
    assert 'href="/console/wallet/statement.csv?kind=grant&amp;since=2026-01-01"' in page.content.decode()
    for query, lines in (("kind=grant", 1), ("kind=use", 0), ("until=2026-01-01", 0), ("kind=moon", 1)):
        file = client.get(f"/console/wallet/statement.csv?{query}", HTTP_HOST=HOST).getvalue().decode("utf-8-sig")
        assert len(list(csv.DictReader(io.StringIO(file)))) == lines
    assert client.get("/console/wallet/?since=yesterday", HTTP_HOST=HOST).status_code == 404


def test_the_wallet_says_what_ends_first_and_which_codes_were_bought(client: Client, end_user: Membership) -> None:
    order = bought_from(stocked(end_user.tenant))
    Order.objects.filter(pk=order.pk).update(membership=end_user)
    issuer, soon = chart.account(kind="issuer"), timezone.now() + datetime.timedelta(days=3)
    for days, micros in ((9, 2_000_000), (0, 1_000_000)):
        lot = chart.lot(membership_id=end_user.pk, expires_at=soon + datetime.timedelta(days=days))
        ledger.transfer(kind="grant", key=f"lot-{days}", src_id=issuer.pk, dst_id=lot.pk, amount=micros)
    client.force_login(end_user.user)
    page = client.get("/console/wallet/", HTTP_HOST=HOST).content.decode()
    assert "$1.00 ends first:" in page
    assert f"{soon:%Y-%m-%d %H:%M} UTC" in page
    code = order.codes.get()
    assert f"<code>…{code.last4}</code>" in page
    assert f'href="/o/{capability.of(order)}/">{order.number}</a>' in page


def test_the_statement_shows_the_shops_money_where_a_rate_is_known(client: Client, end_user: Membership) -> None:
    rates.put(base="USD", quote="CNY", rate=Decimal("7.2"))
    grant(end_user, 2_500_001, key="first")
    client.force_login(end_user.user)
    page = client.get("/console/wallet/", HTTP_HOST=HOST)
    # $2.500001 × 7.2
    assert [foreign for _entry, foreign in page.context["lines"]] == ["+18.000007"]
    assert (page.context["currency"], "+18.000007" in page.content.decode(), "2,500,001" in page.content.decode()) == ("CNY", True, True)
    file = client.get("/console/wallet/statement.csv", HTTP_HOST=HOST).getvalue().decode("utf-8-sig")
    (line,) = csv.DictReader(io.StringIO(file))
    told = [line[name] for name in ("amount_micros", "amount", "currency", "amount_in_currency", "balance_in_currency")]
    assert told == ["2500001", "2.500001", "CNY", "18.000007", "18.000007"]


def test_a_wallet_in_points_still_says_the_micro_dollars(client: Client, end_user: Membership) -> None:
    Tenant.objects.filter(pk=end_user.tenant_id).update(quota_unit="points")
    grant(end_user, 5_000_000, key="first")
    grant(end_user, 373, key="second")
    client.force_login(end_user.user)
    page = client.get("/console/wallet/", HTTP_HOST=HOST).content.decode()
    for text in ("2,500,186.5 points", "+186.5 points", "+2,500,000 points", ">5,000,000<", '<data value="5000373">'):
        assert text in page
    assert "$5" not in page
    overview = client.get("/console/", HTTP_HOST=HOST).content.decode()
    assert "2,500,186.5 points" in overview
    file = client.get("/console/wallet/statement.csv", HTTP_HOST=HOST).getvalue().decode("utf-8-sig")
    assert [line["balance"] for line in csv.DictReader(io.StringIO(file))] == ["5.000373", "5.000000"]


def test_a_wallet_in_the_shops_currency_tells_the_rate_of_now_from_that_of_then(client: Client, end_user: Membership) -> None:
    Tenant.objects.filter(pk=end_user.tenant_id).update(quota_unit="currency")
    first = rates.put(base="USD", quote="CNY", rate=Decimal("7"))
    grant(end_user, 5_000_000, key="first")
    client.force_login(end_user.user)
    ExchangeRate.objects.filter(pk=first.pk).update(valid_from=timezone.now() - datetime.timedelta(days=1))
    rates.put(base="USD", quote="CNY", rate=Decimal("7.2"))
    page = client.get("/console/wallet/", HTTP_HOST=HOST).content.decode()
    for text in ("¥36.00", "+¥36.00", "¥36.000000", "CNY at the rate of then", "+35.00", "5,000,000"):
        assert text in page
    assert "$5" not in page


def test_a_threshold_is_read_in_points_and_stays_when_it_is_not_changed(client: Client, end_user: Membership) -> None:
    Tenant.objects.filter(pk=end_user.tenant_id).update(quota_unit="points")
    client.force_login(end_user.user)
    page = client.get("/console/wallet/", HTTP_HOST=HOST).content.decode()
    assert "Mail me when less is left than (points)" in page
    assert client.post("/console/wallet/watch/", {"below": "1250000.5"}, HTTP_HOST=HOST).status_code == 302
    assert alerts.below(membership_id=end_user.pk) == 2_500_001
    shown = client.post("/console/wallet/watch/", {"below": "-1"}, HTTP_HOST=HOST, follow=True).content.decode()
    assert "Write an amount such as 1250000 (points), or 0." in shown
    assert alerts.below(membership_id=end_user.pk) == 2_500_001
    Tenant.objects.filter(pk=end_user.tenant_id).update(quota_unit="currency")
    rates.put(base="USD", quote="CNY", rate=Decimal("0.0071"))
    form = client.get("/console/wallet/", HTTP_HOST=HOST).context["watch"]
    assert form["below"].value() == "0.01775"
    typed = {"below": "0.01775", "initial-below": "0.01775"}
    client.post("/console/wallet/watch/", typed, HTTP_HOST=HOST)
    assert alerts.below(membership_id=end_user.pk) == 2_500_001


def test_calls_are_the_members_own_and_paged_by_their_ids(client: Client, end_user: Membership, reseller_owner: Membership) -> None:
    start = timezone.now() - datetime.timedelta(minutes=5)
    for member in (end_user, reseller_owner):
        key = keys.issue(membership=member, name=f"key of {member.pk}").key
        for number in range(26):
            _call(key_id=key.pk, member=member, at=start + datetime.timedelta(seconds=number), price=number)
    client.force_login(end_user.user)
    first = client.get("/console/calls/", HTTP_HOST=HOST)
    rows = first.context["rows"]
    assert [row.price_micros for row in rows] == list(range(25, 0, -1))
    assert {row.key_name for row in rows} == {f"key of {end_user.pk}"}
    second = client.get("/console/calls/" + first.context["older"], HTTP_HOST=HOST)
    assert [row.price_micros for row in second.context["rows"]] == [0]
    assert second.context["older"] == ""


@pytest.mark.parametrize("path", ["/console/calls/?before=x", "/console/wallet/?before=-1", "/console/wallet/?before=9999999999999999999"])
def test_a_made_up_cursor_is_not_found(client: Client, end_user: Membership, path: str) -> None:
    client.force_login(end_user.user)
    assert client.get(path, HTTP_HOST=HOST).status_code == 404


def _call(*, key_id: int, member: Membership, at: datetime.datetime, price: int) -> None:
    stamp = int(at.timestamp() * 1000)
    UsageRecord.objects.create(
        id=uuid7(stamp), tenant_id=member.tenant_id, membership=member, api_key_id=key_id, model="demo", price_micros=price
    )


def test_a_member_chooses_when_to_hear_of_a_low_wallet(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    page = client.get("/console/wallet/", HTTP_HOST=HOST)
    assert page.context["watch"].initial["below"] == "1"
    assert client.post("/console/wallet/watch/", {"below": "2.5"}, HTTP_HOST=HOST).status_code == 302
    assert alerts.below(membership_id=end_user.pk) == 2_500_000
    for wrong in ("", "-1", "x"):
        client.post("/console/wallet/watch/", {"below": wrong}, HTTP_HOST=HOST)
    assert alerts.below(membership_id=end_user.pk) == 2_500_000
    client.post("/console/wallet/watch/", {"below": "0"}, HTTP_HOST=HOST)
    assert alerts.below(membership_id=end_user.pk) == 0


def test_the_overview_says_how_long_the_balance_lasts(client: Client, end_user: Membership) -> None:
    client.force_login(end_user.user)
    grant(end_user, 7_000_000, key="1")
    key = keys.issue(membership=end_user, name="phone").key

    def used(micros: int, *, days_ago: int) -> str:
        at = int((timezone.now() - datetime.timedelta(days=days_ago)).timestamp() * 1000)
        facts = {"tenant": end_user.tenant, "membership": end_user, "api_key": key, "model": "m", "price_micros": micros}
        UsageRecord.objects.create(id=uuid7(at), **facts)
        rollups.roll_up()
        return client.get("/console/", HTTP_HOST=HOST).content.decode()

    # Today is not over, and ten days ago is long ago: neither says anything of the pace.
    assert "At the pace" not in used(9_000_000, days_ago=0)
    assert "At the pace" not in used(9_000_000, days_ago=10)
    assert "for more than a year" in used(70_000, days_ago=7)
    assert "for about 49 days" in used(930_000, days_ago=1)
    assert "for about a day" in used(48_000_000, days_ago=2)
