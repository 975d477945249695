"""Words that no call may hold, over the API."""

from __future__ import annotations

import pytest

from accounts.models import KeywordScreen, Membership
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_shop_keeps_one_list(reseller_owner: Membership, stranger: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "keyword-screens/", {"words": ["Bomb", "ＢＯＭＢ", "禁词"]})
    assert (status, made["words"], made["refused"], made["shop"]) == (201, ["bomb", "禁词"], 0, reseller_owner.tenant.slug)
    path = f"keyword-screens/{made['id']}/"
    assert call("PATCH", path, {"words": ["x"]})[1]["words"] == ["x"]
    assert call("PATCH", path, {})[1]["words"] == ["x"]
    assert call("POST", "keyword-screens/", {"words": []})[0] == 409
    assert call("PATCH", path, {"words": ["x" * 65]})[1]["error"]["fields"].keys() == {"words.0"}
    # A ligature is one character until it is compared.
    assert call("PATCH", path, {"words": ["ﬃ" * 22]})[1]["error"]["fields"].keys() == {"words"}
    assert call("PATCH", path, {"words": [f"w{i}" for i in range(1_001)]})[0] == 400
    theirs = KeywordScreen.objects.create(tenant=stranger.tenant, words="t")
    assert [call(verb, f"keyword-screens/{theirs.pk}/", {})[0] for verb in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert call("PATCH", path, {"words": []})[1]["words"] == []
    assert (call("DELETE", path)[0], KeywordScreen.objects.get()) == (204, theirs)
