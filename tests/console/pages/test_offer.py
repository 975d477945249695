"""The models a member may call are those of enabled channels above the tenant."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from accounts.models import Membership, Tenant
from billing import price_book
from channels_app import channels
from console.pages import offer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()


def test_a_platform_channel_serves_the_shops_below(root_tenant: Tenant, end_user: Membership) -> None:
    channels.add(name="demo", provider="demo", models=["demo-chat"])
    assert offer.models(end_user) == ("demo-chat",)


def test_without_channels_nothing_is_offered(end_user: Membership) -> None:
    assert offer.models(end_user) == ()


def test_a_shop_names_models_that_are_served_and_have_a_price(root_tenant: Tenant, tenant: Tenant) -> None:
    channels.add(name="demo", provider="demo", models=["demo-chat", "unpriced-chat"])
    price_book.set_price(model="demo-chat", input=500_000, output=1_500_000)
    assert offer.sold(tenant.pk) == ("demo-chat",)
