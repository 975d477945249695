"""Limits for many at once in the back offices."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent, Membership, Tenant
from billing.models import LimitRule

pytestmark = pytest.mark.django_db

ADD = "/reseller/billing/limitrule/add/"
LIST = "/reseller/billing/limitrule/"


@pytest.fixture
def desk(reseller_owner: Membership) -> Client:
    """The shop owner's browser in the shop's back office."""
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    return client


def _form(**more: str) -> dict[str, str]:
    return {"scope": "customer", "group": "", "models_matched": "", **more}


def test_a_limit_is_typed_in_dollars_and_kept_for_the_shop(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    answer = desk.post(ADD, _form(group="vip", rpm="60", day_limit="$1.50", tenant=str(root_tenant.pk), shop=str(root_tenant.pk)))
    assert answer.status_code == 302
    rule = LimitRule.objects.get()
    assert (rule.tenant, rule.shop, rule.group, rule.rpm, rule.day_limit) == (tenant, None, "vip", 60, 1_500_000)
    assert AuditEvent.objects.get().action == "limitrule.add"
    assert "$1.50 a day" in desk.get(LIST).content.decode()


def test_what_the_platform_sets_for_the_shop_is_not_the_shops(desk: Client, tenant: Tenant, root_tenant: Tenant) -> None:
    rule = LimitRule.objects.create(tenant=root_tenant, shop=tenant, scope="tenant", rpm=10)
    assert desk.get(f"{LIST}{rule.pk}/change/").status_code == 404
    assert desk.post(f"{LIST}{rule.pk}/change/", _form(rpm="1000")).status_code == 404
    rule.refresh_from_db()
    assert rule.rpm == 10


def test_the_platform_limits_one_shop(client: Client, platform_admin: Membership, tenant: Tenant) -> None:
    client.force_login(platform_admin.user)
    form = _form(scope="tenant", tenant=str(platform_admin.tenant_id), shop=str(tenant.pk), tpm="5000")
    answer = client.post("/admin/billing/limitrule/add/", form, HTTP_HOST="platform.test")
    assert answer.status_code == 302
    rule = LimitRule.objects.get()
    assert (rule.tenant, rule.shop, rule.scope, rule.tpm) == (platform_admin.tenant, tenant, "tenant", 5000)


def test_spending_of_a_whole_shop_is_refused_in_words(desk: Client, tenant: Tenant) -> None:
    answer = desk.post(ADD, _form(scope="tenant", day_limit="5"))
    assert answer.status_code == 200
    assert "Spending is limited for each customer." in answer.content.decode()


def test_a_second_rule_for_the_same_subject_is_refused(desk: Client, tenant: Tenant) -> None:
    LimitRule.objects.create(tenant=tenant, scope="customer", rpm=5)
    answer = desk.post(ADD, _form(rpm="6"))
    assert answer.status_code == 200
    assert LimitRule.objects.count() == 1
