"""The platform suspends, closes and reopens shops; customers are told, keys answer, wallets are honoured."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import keys, tenants
from accounts.models import AuditEvent, Membership, Tenant, User
from accounts.tasks import TELL_MEMBERS
from foundation import outbox
from foundation.models import OutboxMessage

pytestmark = pytest.mark.django_db


def turn(client: Client, tenant: Tenant, verb: str) -> int:
    return client.post(f"/admin/accounts/tenant/{tenant.pk}/{verb}/").status_code


def test_a_shop_is_suspended_and_opened_again_with_a_line_in_the_trail(operator: Client, tenant: Tenant, end_user: Membership) -> None:
    issued = keys.issue(membership=end_user, name="phone")

    def state() -> str:
        facts = keys.recognise(issued.key.digest)
        assert facts is not None
        return facts.tenant_state

    for verb, wanted in (("suspend", "suspended"), ("close", "closed"), ("reopen", "open")):
        assert turn(operator, tenant, verb) == 302
        assert state() == wanted
        assert AuditEvent.objects.latest("pk").after == {"state": wanted}


def test_the_platform_itself_stays_open(operator: Client, root_tenant: Tenant) -> None:
    assert turn(operator, root_tenant, "suspend") == 200
    assert Tenant.objects.get(pk=root_tenant.pk).state == "open"


def test_a_suspension_above_counts_more_than_a_closure(tenant: Tenant) -> None:
    below = tenants.open_tenant(slug="below", name="Below", parent=tenant)
    tenants.close(tenant=tenant)
    tenants.suspend(tenant=below)
    assert tenants.state_of(tenants.lineage(Tenant.objects.get(pk=below.pk))) == "suspended"


def test_customers_are_told_in_their_language(operator: Client, tenant: Tenant, end_user: Membership, stranger: Membership) -> None:
    User.objects.filter(pk=end_user.user.pk).update(language="zh-hans")
    assert turn(operator, tenant, "suspend") == 302
    outbox.deliver()
    OutboxMessage.objects.filter(topic=TELL_MEMBERS).update(state="waiting", available_at=timezone.now())  # delivered twice, told once
    outbox.deliver()
    outbox.deliver()
    assert [(one.to, one.subject) for one in mail.outbox] == [(["ann@shop.test"], "Tea House 已暂停服务")]


def test_nobody_signs_up_at_a_closed_shop(client: Client, tenant: Tenant) -> None:
    tenants.close(tenant=tenant)
    client.post("/accounts/signup/", {"email": "new@shop.test", "password1": "a long pass phrase"}, headers={"host": "shop.test"})
    assert not User.objects.filter(email="new@shop.test").exists()


def test_resellers_cannot_turn_their_own_shop(desk: Client, tenant: Tenant) -> None:
    assert desk.post(f"/reseller/accounts/tenant/{tenant.pk}/suspend/", follow=True).status_code == 404
    assert Tenant.objects.get(pk=tenant.pk).state == "open"


def test_a_shop_never_keeps_addresses_longer_than_the_platform(desk: Client, tenant: Tenant) -> None:
    address = f"/reseller/accounts/tenant/{tenant.pk}/change/"
    shown = desk.get(address).context["adminform"].form
    typed = {name: shown[name].value() or "" for name in shown.fields} | {"languages": "", "sign_up_domains": ""}
    formset = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0"}
    refused = desk.post(address, typed | formset | {"address_days": "31"})
    assert "write no more than that" in refused.content.decode()
    assert desk.post(address, typed | formset | {"address_days": "7"}).status_code == 302
    assert Tenant.objects.get(pk=tenant.pk).address_days == 7


def test_a_shop_chooses_in_which_unit_its_customers_see_quota(desk: Client, tenant: Tenant) -> None:
    address = f"/reseller/accounts/tenant/{tenant.pk}/change/"
    page = desk.get(address)
    shown = page.context["adminform"].form
    assert "another rate changes how balances look, not what they are" in page.content.decode()
    typed = {name: shown[name].value() or "" for name in shown.fields} | {"languages": "", "sign_up_domains": ""}
    formset = {"domains-TOTAL_FORMS": "0", "domains-INITIAL_FORMS": "0"}
    assert typed["quota_unit"] == "usd"
    assert desk.post(address, typed | formset | {"quota_unit": "points"}).status_code == 302
    assert Tenant.objects.get(pk=tenant.pk).quota_unit == "points"
