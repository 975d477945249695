"""Withdrawals in the back offices: the shop asks, the platform decides and pays; each step in the trail, nothing twice."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from accounts.models import AuditEvent, Membership, NotificationTarget, Tenant
from billing import audit, payables
from billing.models import GatewayAccount, Withdrawal
from foundation import outbox
from tests.billing.shop import PRICE, held, sandbox
from tests.billing.test_payables import FEE, sold

pytestmark = pytest.mark.django_db
ASK = "/reseller/billing/withdrawal/ask/"


@pytest.fixture
def lent(root_tenant: Tenant, tenant: Tenant) -> GatewayAccount:
    account = sandbox(root_tenant)
    account.lent_fee = 250
    account.save(update_fields=["lent_fee"])
    account.lent_to.add(tenant)
    return account


@pytest.fixture
def operator(platform_admin: Membership) -> Client:
    client = Client(HTTP_HOST="platform.test")
    client.force_login(platform_admin.user)
    return client


def ask(desk: Client, amount: str) -> Withdrawal | None:
    once = re.search(r'name="once" value="([0-9a-f]+)"', desk.get(ASK, follow=True).content.decode())
    assert once
    values = {"currency": "CNY", "amount": amount, "destination": "ICBC 6222", "once": once[1]}
    for _ in range(2):
        desk.post(ASK, values, follow=True)
    return Withdrawal.objects.first()


def test_a_shop_asks_and_the_platform_pays_once(desk: Client, operator: Client, tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    page = desk.get(ASK, follow=True).content.decode()
    assert "The platform holds ¥38.02: ¥38.02 can be withdrawn, ¥0.00 is maturing, ¥0.00 was asked for." in page
    made = ask(desk, "30.00")
    assert made is not None
    assert Withdrawal.objects.count() == 1
    address = f"/admin/billing/withdrawal/{made.pk}"
    operator.post(f"{address}/approve/")
    operator.post(f"{address}/mark_paid/", {"reference": "B-1"})
    operator.post(f"{address}/mark_paid/", {"reference": "B-1"})
    made.refresh_from_db()
    assert (made.state, made.reference, held("payable", tenant)) == ("paid", "B-1", PRICE - FEE - 3_000)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"withdrawal.ask", "withdrawal.approve", "withdrawal.mark_paid"}
    rows = desk.get("/reseller/billing/withdrawal/statement/", follow=True).content.decode()
    assert f"payable,{made.ended_at:%Y-%m-%d}" in rows
    assert f"withdrawal,withdrawal:{made.pk},-3000,{PRICE - FEE - 3_000}" in rows
    assert audit.run() == []


def test_a_declined_request_says_why_and_gives_the_money_back(desk: Client, operator: Client, tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    made = ask(desk, "30.00")
    assert made is not None
    operator.post(f"/admin/billing/withdrawal/{made.pk}/decline/", {"reason": "name does not match"})
    assert "name does not match" in desk.get(f"/reseller/billing/withdrawal/{made.pk}/change/").content.decode()
    assert "¥38.02 can be withdrawn" in desk.get(ASK, follow=True).content.decode()


@pytest.mark.parametrize("amount", ["38.03", "0", "-1", "much"])
def test_what_is_not_there_is_not_asked_for(desk: Client, tenant: Tenant, lent: GatewayAccount, amount: str) -> None:
    sold(tenant, lent)
    assert ask(desk, amount) is None
    assert held("payable", tenant) == PRICE - FEE


def test_a_shop_decides_nothing_itself(desk: Client, tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    made = ask(desk, "30.00")
    assert made is not None
    for verb in ("approve", "decline", "mark_paid"):
        desk.post(f"/reseller/billing/withdrawal/{made.pk}/{verb}/", {"reason": "x", "reference": "B-1"})
    made.refresh_from_db()
    assert made.state == "requested"


def test_support_asks_for_nothing(reseller_owner: Membership) -> None:
    Membership.objects.filter(pk=reseller_owner.pk).update(role=Membership.Role.SUPPORT)
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    assert client.get(ASK, follow=True).status_code == 403


def test_only_the_platform_lends(desk: Client, operator: Client, tenant: Tenant, lent: GatewayAccount) -> None:
    own = sandbox(tenant)
    assert "lent_to" not in desk.get(f"/reseller/billing/gatewayaccount/{own.pk}/change/").content.decode()
    assert "lent_to" in operator.get(f"/admin/billing/gatewayaccount/{lent.pk}/change/").content.decode()
    values = {"name": lent.name, "is_enabled": "on", "lent_to": [], "lent_fee": "100", "lent_days": "3"}
    operator.post(f"/admin/billing/gatewayaccount/{lent.pk}/change/", values)
    lent.refresh_from_db()
    assert (lent.lent_fee, lent.lent_days, lent.lent_to.count()) == (100, 3, 0)


def test_a_shop_takes_its_request_back_before_anybody_decided(desk: Client, operator: Client, tenant: Tenant, lent: GatewayAccount) -> None:
    sold(tenant, lent)
    made = ask(desk, "30.00")
    assert made is not None
    address = f"/reseller/billing/withdrawal/{made.pk}/take_back/"
    assert "Take" in desk.get(address).content.decode()
    desk.post(address)
    made.refresh_from_db()
    assert (made.state, AuditEvent.objects.filter(action="withdrawal.take_back").count()) == ("canceled", 1)
    [standing] = payables.standings(tenant)
    assert standing.held == 0
    operator.post(f"/admin/billing/withdrawal/{made.pk}/mark_paid/", {"reference": "TT-1"})
    made.refresh_from_db()
    assert (made.state, audit.run()) == ("canceled", [])


def test_both_sides_are_told(desk: Client, operator: Client, tenant: Tenant, root_tenant: Tenant, lent: GatewayAccount) -> None:
    for shop, kind in ((root_tenant, "withdrawal.asked"), (tenant, "withdrawal.decided")):
        NotificationTarget.objects.create(tenant=shop, preset="email", address=f"{shop.slug}@ops.test", events=[kind])
    sold(tenant, lent)
    made = ask(desk, "30.00")
    assert made is not None
    at = f"/admin/billing/withdrawal/{made.pk}"
    for _ in range(2):
        operator.post(f"{at}/approve/")
        operator.post(f"{at}/mark_paid/", {"reference": "TT-4711"})
    other = ask_again(tenant)
    operator.post(f"/admin/billing/withdrawal/{other.pk}/decline/", {"reason": "wrong name"})
    mail.outbox.clear()
    while outbox.deliver():
        pass
    told = [(one.to[0], one.subject) for one in mail.outbox]
    assert [subject for to, subject in told if to == "owner@shop.test"] == [
        "Your withdrawal of ¥30.00 is approved",
        "Your withdrawal of ¥30.00 is on its way",
        "Your withdrawal of ¥8.02 was declined",
    ]
    assert [to for to, _ in told].count(f"{tenant.slug}@ops.test") == 3
    assert [to for to, _ in told].count(f"{root_tenant.slug}@ops.test") == 2
    assert any("TT-4711" in one.body for one in mail.outbox if one.to == ["owner@shop.test"])
    assert any("wrong name" in one.body for one in mail.outbox if one.to == ["owner@shop.test"])


def ask_again(tenant: Tenant) -> Withdrawal:
    return payables.request(tenant=tenant, currency="CNY", amount_minor=802, destination="x", key="again", actor=None)
