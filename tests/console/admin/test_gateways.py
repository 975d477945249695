"""Payment accounts in the back office: added by their gateway's fields, secrets never shown, operator's fields kept from shops."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Tenant
from billing import gateways
from billing.models import GatewayAccount
from billing.payments.base import secret

pytestmark = pytest.mark.django_db
ADD = "/reseller/billing/gatewayaccount/add/"
STRIPE = {"name": "Cards", "secret_key": "sk_test_a1b2c3", "webhook_secret": "whsec_d4e5f6", "methods": "card"}


def added(desk: Client) -> GatewayAccount:
    assert desk.post(f"{ADD}?gateway=stripe", STRIPE).status_code == 302
    return GatewayAccount.objects.get(driver="stripe")


def test_every_gateway_is_offered(desk: Client) -> None:
    page = desk.get(ADD).content.decode()
    assert all(f"?gateway={slug}" in page for slug in gateways.offered())
    assert "?gateway=manual" not in page


def test_an_account_is_added_by_its_gateways_fields(desk: Client, tenant: Tenant) -> None:
    account = added(desk)
    assert (account.tenant, account.name, account.options, gateways.is_ready(account)) == (tenant, "Cards", {"methods": "card"}, True)
    assert (secret(account, "secret_key"), secret(account, "webhook_secret")) == ("sk_test_a1b2c3", "whsec_d4e5f6")
    page = desk.get(f"/reseller/billing/gatewayaccount/{account.pk}/change/").content.decode()
    assert reverse("pay_webhook", kwargs={"gateway": "stripe", "account": account.token}) in page
    assert "ready" in page


def test_secrets_are_on_no_page_and_in_no_trail(desk: Client) -> None:
    account = added(desk)
    address = reverse("reseller:billing_gatewayaccount_credentials", args=[account.pk])
    pages = desk.get(address).content.decode() + desk.get(f"/reseller/billing/gatewayaccount/{account.pk}/change/").content.decode()
    trail = str(list(AuditEvent.objects.values_list("before", "after")))
    for text in ("sk_test_a1b2c3", "whsec_d4e5f6", account.sealed):
        assert text not in pages
        assert text not in trail


def test_an_empty_secret_keeps_the_stored_one(desk: Client) -> None:
    account = added(desk)
    address = reverse("reseller:billing_gatewayaccount_credentials", args=[account.pk])
    answer = desk.post(address, {"name": "Cards", "secret_key": "", "webhook_secret": "whsec_new", "methods": "card,alipay"})
    assert answer.status_code == 302
    account.refresh_from_db()
    assert (secret(account, "secret_key"), secret(account, "webhook_secret")) == ("sk_test_a1b2c3", "whsec_new")
    assert account.options == {"methods": "card,alipay"}
    assert AuditEvent.objects.filter(action="gatewayaccount.credentials").count() == 1


def test_what_is_missing_is_said(desk: Client) -> None:
    answer = desk.post(f"{ADD}?gateway=stripe", {**STRIPE, "webhook_secret": ""})
    assert list(answer.context["form"].errors) == ["webhook_secret"]
    assert not GatewayAccount.objects.exists()


def test_a_shop_cannot_set_the_operators_fields(desk: Client, operator: Client, tenant: Tenant) -> None:
    assert "api_base" not in desk.get(f"{ADD}?gateway=stripe").context["form"].fields
    desk.post(f"{ADD}?gateway=stripe", {**STRIPE, "api_base": "http://169.254.169.254"})
    assert "api_base" not in GatewayAccount.objects.get().options
    path = "/admin/billing/gatewayaccount/add/?gateway=stripe"
    assert operator.post(path, {**STRIPE, "tenant": tenant.pk, "api_base": "http://127.0.0.1:9"}).status_code == 302
    made = GatewayAccount.objects.latest("pk")
    assert (made.tenant, made.options["api_base"]) == (tenant, "http://127.0.0.1:9")


def test_a_test_tells_what_the_gateway_says(operator: Client, tenant: Tenant) -> None:
    values = {"secret_key": "sk_test_x", "webhook_secret": "whsec_x", "api_base": "http://127.0.0.1:9"}
    dead = gateways.add_account(tenant=tenant, driver="stripe", values=values, is_operator=True)
    address = reverse("admin:billing_gatewayaccount_check_now", args=[dead.pk])
    assert operator.get(address).status_code == 200
    assert "fails" in operator.post(address).content.decode()
    good = gateways.add_account(tenant=tenant, driver="sandbox")
    assert "works" in operator.post(reverse("admin:billing_gatewayaccount_check_now", args=[good.pk])).content.decode()


def test_an_account_is_switched_off(desk: Client) -> None:
    account = added(desk)
    assert desk.post(f"/reseller/billing/gatewayaccount/{account.pk}/change/", {"name": "Cards"}).status_code == 302
    account.refresh_from_db()
    assert not account.is_enabled
