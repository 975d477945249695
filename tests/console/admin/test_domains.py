"""A reseller claims and proves a domain in the back office."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import tenants
from accounts.models import AuditEvent, Membership, TenantDomain
from tests.doubles.names import NameServer

pytestmark = pytest.mark.django_db
LIST = "/reseller/accounts/tenantdomain/"


def test_a_domain_is_claimed_proven_and_let_go(desk: Client, reseller_owner: Membership, settings: Settings) -> None:
    answer = desk.post(f"{LIST}add/", {"host": "tea.example"})
    name, proof = (box.text for box in answer.context["boxes"])
    row = TenantDomain.objects.get(host="tea.example")
    with NameServer() as names:
        settings.DNS_SERVERS = [names.address]
        desk.post(f"{LIST}{row.pk}/prove/")
        assert tenants.by_host("tea.example") is None
        names.texts[name] = [proof]
        desk.post(f"{LIST}{row.pk}/prove/")
    assert tenants.by_host("tea.example") == reseller_owner.tenant
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == ["tenantdomain.claim", "tenantdomain.prove"]
    desk.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
    assert tenants.by_host("tea.example") is None


def test_the_primary_host_and_taken_ones_stay(desk: Client, reseller_owner: Membership, stranger: Membership) -> None:
    primary = TenantDomain.objects.get(host="shop.test")
    assert desk.post(f"{LIST}{primary.pk}/delete/", {"post": "yes"}).status_code == 403
    assert desk.post(f"{LIST}add/", {"host": "elsewhere.test"}).context["form"].errors["host"]
    assert desk.post(f"{LIST}add/", {"host": "no host"}).context["form"].errors["host"]
