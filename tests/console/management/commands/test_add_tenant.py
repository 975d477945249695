"""add_tenant."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from accounts import people, tenants
from accounts.models import AuditEvent, Membership, Tenant

pytestmark = pytest.mark.django_db


def add(*arguments: str) -> dict[str, object]:
    out = io.StringIO()
    call_command("add_tenant", "--json", *arguments, stdout=out)
    answer: dict[str, object] = json.loads(out.getvalue())
    return answer


def test_a_tenant_is_opened_on_its_host_with_its_owner(root_tenant: Tenant) -> None:
    people.add(email="boss@example.com")
    answer = add("--slug", "tea", "--name", "Tea", "--domain", "Tea.test", "--owner", "boss@example.com")
    tenant = tenants.by_host("tea.test")
    assert tenant is not None
    assert answer == {"id": tenant.pk, "slug": "tea", "name": "Tea", "domain": "Tea.test", "parent": "platform"}
    assert Membership.objects.get(tenant=tenant).role == "owner"
    assert AuditEvent.objects.get().action == "tenant.add"


def test_a_tenant_may_sell_for_another(root_tenant: Tenant, tenant: Tenant) -> None:
    assert add("--slug", "cup", "--name", "Cup", "--parent", "teahouse")["parent"] == "teahouse"


def test_what_is_taken_is_refused_and_nothing_made(tenant: Tenant) -> None:
    with pytest.raises(CommandError, match="there is a tenant teahouse already"):
        add("--slug", "teahouse", "--name", "Again")
    with pytest.raises(CommandError, match=r"the host shop\.test is taken"):
        add("--slug", "other", "--name", "Other", "--domain", "shop.test")
    with pytest.raises(CommandError, match="nobody has the address"):
        add("--slug", "other", "--name", "Other", "--owner", "ghost@example.com")
    assert not Tenant.objects.filter(slug="other").exists()
