"""A shop's own domain answers once its TXT record proves it; certificates follow."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import domains, tenants
from accounts.models import Membership, Tenant, TenantDomain
from tests.doubles.names import NameServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def names(settings: Settings) -> Generator[NameServer, None, None]:
    with NameServer() as server:
        settings.DNS_SERVERS = [server.address]
        yield server


def test_a_host_answers_once_it_is_proven(client: Client, tenant: Tenant, names: NameServer) -> None:
    row = domains.claim(tenant=tenant, host="Tea.Example:443")
    assert (row.host, domains.record_name(row)) == ("tea.example", "_keyosk.tea.example")
    assert tenants.by_host("tea.example") is None
    assert not domains.prove(domain=row)
    assert row.failure == "_keyosk.tea.example has no TXT record"
    names.texts["_keyosk.tea.example"] = ["something else"]
    assert not domains.prove(domain=row)
    names.texts["_keyosk.tea.example"] = ["something else", row.proof]
    assert domains.prove(domain=row)
    assert tenants.by_host("tea.example") == tenant
    assert client.get("/", headers={"host": "tea.example"}).status_code == 200


def test_a_claim_takes_nothing_from_a_proven_owner_and_blocks_nobody(tenant: Tenant, stranger: Membership, names: NameServer) -> None:
    squatter = domains.claim(tenant=stranger.tenant, host="tea.example")
    mine = domains.claim(tenant=tenant, host="tea.example")
    assert not TenantDomain.objects.filter(pk=squatter.pk).exists()
    names.texts["_keyosk.tea.example"] = [mine.proof]
    assert domains.prove(domain=mine)
    with pytest.raises(tenants.HostTaken):
        domains.claim(tenant=stranger.tenant, host="tea.example")
    assert domains.claim(tenant=tenant, host="tea.example") == mine


def test_the_platforms_own_names_are_not_claimed(tenant: Tenant, settings: Settings) -> None:
    settings.SHOP_DOMAIN = "shops.example"
    for host in ("platform.test", "shops.example", "other.shops.example"):
        with pytest.raises(tenants.HostTaken):
            domains.claim(tenant=tenant, host=host)


def test_a_new_shop_gets_its_name_below_the_platforms_domain(root_tenant: Tenant, settings: Settings) -> None:
    settings.SHOP_DOMAIN = "shops.example"
    shop = tenants.open_tenant(slug="rice", name="Rice")
    assert tenants.by_host("rice.shops.example") == shop


def test_a_proxy_is_told_for_which_hosts_to_get_a_certificate(client: Client, tenant: Tenant) -> None:
    domains.claim(tenant=tenant, host="claimed.example")

    def status(domain: str) -> int:
        return client.get(f"/internal/tls-allowed?domain={domain}", headers={"host": "10.0.0.7"}).status_code

    assert [status(host) for host in ("shop.test", "platform.test", "claimed.example", "evil.example", "")] == [200, 200, 404, 404, 404]
    tenants.close(tenant=tenant)
    assert status("shop.test") == 404
