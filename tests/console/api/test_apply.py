"""Applying for a shop over the API: once at a time, one's own alone are seen."""

from __future__ import annotations

import pytest

from accounts import onboarding
from accounts.models import Membership, ShopApplication
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_somebody_applies_once_and_sees_what_becomes_of_it(end_user: Membership, reseller_owner: Membership) -> None:
    call, body = program(end_user), {"name": "Ann's", "slug": "anns", "about": "friends"}
    status, made = call("POST", "me/applications/", body)
    assert (status, made["state"], ShopApplication.objects.get().seller) == (201, "waiting", end_user.tenant)
    assert call("POST", "me/applications/", {**body, "slug": "other"})[1]["error"]["code"] == "refused"
    assert [one["id"] for one in call("GET", "me/applications/")[1]["results"]] == [made["id"]]
    assert program(reseller_owner)("GET", "me/applications/")[1]["results"] == []
    onboarding.decline(application=ShopApplication.objects.get(), reason="no")
    assert call("GET", "me/applications/")[1]["results"][0]["reason"] == "no"
    assert call("POST", "me/applications/", {**body, "slug": end_user.tenant.slug})[1]["error"]["fields"].keys() == {"slug"}
