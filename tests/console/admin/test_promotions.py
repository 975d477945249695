"""Promotions in the back offices: typed in money, kept for the own shop, refused in words."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing.models import PromotionRule

pytestmark = pytest.mark.django_db

LIST = "/reseller/billing/promotionrule/"
ADD = f"{LIST}add/"


def form(tenant: Tenant, **more: str) -> dict[str, str]:
    return {"tenant": str(tenant.pk), "group": "vip", "rank": "1", "paid": "", "used_micros": "", "days": "", **more}


def test_a_rule_is_typed_in_the_shops_currency_and_changed(desk: Client, tenant: Tenant) -> None:
    assert desk.post(ADD, form(tenant, paid="39.50", days="30")).status_code == 302
    rule = PromotionRule.objects.get()
    assert (rule.tenant, rule.group, rule.rank, rule.paid_minor, rule.used_micros, rule.days, rule.falls_back) == (
        tenant, "vip", 1, 3950, None, 30, False,
    )  # fmt: skip
    page = desk.get(LIST).content.decode()
    assert "39.50 paid" in page
    assert "30 days" in page
    change = f"{LIST}{rule.pk}/change/"
    assert 'value="39.50"' in desk.get(change).content.decode()
    assert desk.post(change, form(tenant, used_micros="$2.50", falls_back="on")).status_code == 302
    rule.refresh_from_db()
    assert (rule.paid_minor, rule.used_micros, rule.days, rule.falls_back) == (None, 2_500_000, None, True)
    assert [event.action for event in AuditEvent.objects.order_by("pk")] == ["promotionrule.add", "promotionrule.change"]
    assert AuditEvent.objects.latest("pk").before["paid_minor"] == 3950


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Say either what must be paid or what must be used"),
        ({"paid": "1", "used_micros": "1"}, "Say either what must be paid or what must be used"),
        ({"paid": "0"}, "Say either what must be paid or what must be used"),
        ({"paid": "much"}, "is not an amount: write it like 12.50"),
        ({"paid": "99999999999999999999"}, "at most 14 characters"),
        ({"paid": "1", "group": "default"}, "Everybody begins in this group"),
        ({"paid": "1", "days": "0"}, "greater than or equal to 1"),
        ({"paid": "1", "group": "gold", "rank": "7"}, "already exists"),
    ],
)
def test_what_makes_no_rule_is_refused_in_words(desk: Client, tenant: Tenant, changes: dict[str, str], said: str) -> None:
    PromotionRule.objects.create(tenant=tenant, group="silver", rank=7, paid_minor=1)
    answer = desk.post(ADD, form(tenant, **changes))
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert PromotionRule.objects.count() == 1


def test_a_shop_neither_sees_nor_makes_rules_of_another(desk: Client, tenant: Tenant, stranger: Membership) -> None:
    theirs = PromotionRule.objects.create(tenant=stranger.tenant, group="theirs", rank=1, paid_minor=1)
    assert "theirs" not in desk.get(LIST).content.decode()
    assert desk.get(f"{LIST}{theirs.pk}/change/").status_code == 404
    assert desk.post(ADD, form(stranger.tenant, paid="1")).status_code == 200
    assert PromotionRule.objects.get() == theirs


def test_the_platform_makes_a_rule_for_a_shop(operator: Client, tenant: Tenant) -> None:
    assert operator.post("/admin/billing/promotionrule/add/", form(tenant, used_micros="10")).status_code == 302
    assert PromotionRule.objects.get(tenant=tenant).used_micros == 10_000_000
    assert "$10.00 used" in operator.get("/admin/billing/promotionrule/").content.decode()
