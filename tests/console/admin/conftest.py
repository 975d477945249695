"""Browsers of the back office's staff."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership
from tests.conftest import PASSWORD


@pytest.fixture
def desk(reseller_owner: Membership) -> Client:
    """The shop owner's browser in the shop's back office."""
    client = Client(HTTP_HOST="shop.test")
    client.force_login(reseller_owner.user)
    return client


@pytest.fixture
def sure_desk(desk: Client) -> Client:
    """The same browser after the password was typed once more, as handing out secrets asks for."""
    desk.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return desk


@pytest.fixture
def operator(platform_admin: Membership) -> Client:
    """The operator's browser in the platform's back office."""
    client = Client(HTTP_HOST="platform.test")
    client.force_login(platform_admin.user)
    return client
