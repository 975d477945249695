"""The figures on a back office's first page, and what of them is the platform's alone."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Membership

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("who", "host", "path", "is_told"), [
    ("platform_admin", "platform.test", "/admin/", True),
    ("reseller_owner", "shop.test", "/reseller/", False),
])  # fmt: skip
def test_what_calls_cost_upstream_is_told_to_the_platform_alone(
    client: Client, request: pytest.FixtureRequest, who: str, host: str, path: str, is_told: bool
) -> None:
    member: Membership = request.getfixturevalue(who)
    client.force_login(member.user)
    page = client.get(path, HTTP_HOST=host)
    assert page.status_code == 200
    assert ("upstream cost" in page.content.decode()) is is_told
