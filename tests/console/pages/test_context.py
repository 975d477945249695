"""What every template is given."""

from __future__ import annotations

import pytest
from django.test import Client, RequestFactory

from accounts import tenants
from accounts.models import Tenant
from console.pages import context


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1:8000", False), ("localhost:8000", True), ("shop.example", True), ("[::1]:8000", False), ("10.0.0.7", False)],
)
def test_passkeys_are_offered_on_names_only(host: str, expected: bool) -> None:
    assert context.keyosk(RequestFactory().get("/", HTTP_HOST=host))["keyosk"]["passkeys"] is expected


def test_the_address_carries_the_prefix_the_site_stands_below() -> None:
    request = RequestFactory().get("/", HTTP_HOST="shop.example", SCRIPT_NAME="/one")
    assert context.base_url(request) == "http://shop.example/one"
    assert context.keyosk(request)["keyosk"]["prefix"] == "/one"


def test_an_unknown_theme_is_the_systems() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["theme"] = "neon"
    assert context.keyosk(request)["keyosk"]["theme"] == "auto"


@pytest.mark.django_db
def test_pages_say_that_a_shop_is_suspended_or_closed(client: Client, tenant: Tenant) -> None:
    def shown() -> str:
        return client.get("/shop/", HTTP_HOST="shop.test").content.decode()

    assert "suspended" not in shown()
    tenants.suspend(tenant=tenant)
    assert "This shop is suspended" in shown()
    tenants.close(tenant=tenant)
    assert "Nothing is sold here any more" in shown()
    tenants.reopen(tenant=tenant)
    Tenant.objects.filter(pk=tenant.pk).update(parent=tenants.open_tenant(slug="above", name="Above"))
    tenants.suspend(tenant=Tenant.objects.get(slug="above"))
    assert "This shop is suspended" in shown()
