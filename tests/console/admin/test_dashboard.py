"""The figures on a back office's first page, and what of them is the platform's alone."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import keys
from accounts.models import Membership
from console.admin.base import BoundedPaginator

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


def test_sub_keys_are_counted_as_far_as_lists_count(client: Client, reseller_owner: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedPaginator, "limit", 2)
    client.force_login(reseller_owner.user)
    for name, shown in (("a", "1"), ("b", "2"), ("c", "2+"), ("d", "2+")):
        keys.issue(membership=reseller_owner, name=name)
        cache.clear()
        tiles = client.get("/reseller/", HTTP_HOST="shop.test").context["tiles"]
        assert [tile.figure for tile in tiles if tile.title == "Active sub-keys"] == [shown]
