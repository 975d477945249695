"""Routing over the API: policies, routes of groups, fallback chains; each a shop's own."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from channels_app.models import FallbackChain
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("kind", "new", "change"),
    [
        ("routing-policies", {"mode": "cost"}, {"sticky_seconds": 0}),
        ("group-routes", {"group": "vip", "channel_groups": ["fast"]}, {"channel_groups": ["fast", "default"]}),
        ("routing-policies", {"mode": "cost", "utility_model": "gpt-5-mini"}, {"utility_model": ""}),
        ("model-aliases", {"name": "claude-haiku-*", "model": "gpt-5-mini"}, {"model": "gpt-5-nano"}),
        ("fallback-chains", {"model": "gpt-x", "stand_ins": ["gpt-y"]}, {"stand_ins": ["gpt-y", "gpt-z"]}),
    ],
)
def test_a_decision_is_made_once_changed_and_taken_back(
    reseller_owner: Membership, stranger: Membership, kind: str, new: dict[str, object], change: dict[str, object]
) -> None:
    call = program(reseller_owner)
    status, made = call("POST", f"{kind}/", new)
    assert (status, made["shop"], {name: made[name] for name in new}) == (201, "teahouse", new)
    assert call("POST", f"{kind}/", new)[0] == 409
    path = f"{kind}/{made['id']}/"
    told = call("PATCH", path, change)[1]
    assert {name: told[name] for name in change} == change
    outside = program(stranger, host="elsewhere.test")
    assert [outside(method, path, {})[0] for method in ("GET", "PATCH", "DELETE")] == [404] * 3
    assert outside("GET", f"{kind}/")[1]["results"] == []
    assert call("DELETE", path) == (204, None)
    assert not FallbackChain.objects.exists()
