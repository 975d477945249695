"""Limits for many over the API: made, changed, deleted, one per subject; none of strangers, none for another shop."""

from __future__ import annotations

import pytest

from accounts.models import Membership
from billing.models import LimitRule
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_a_limit_lives_its_life(reseller_owner: Membership) -> None:
    call = program(reseller_owner)
    status, made = call("POST", "limits/", {"scope": "customer", "group": "vip", "rpm": 60, "day_micros": 5_000_000})
    row = LimitRule.objects.get()
    assert (status, row.tenant_id, row.rpm, row.day_limit, made["day_micros"]) == (201, reseller_owner.tenant_id, 60, 5_000_000, 5_000_000)
    assert call("POST", "limits/", {"scope": "customer", "group": "vip"})[1]["error"]["code"] == "refused"
    assert call("PATCH", f"limits/{row.pk}/", {"rpm": None, "week_micros": 9})[1]["week_micros"] == 9
    assert [one["id"] for one in call("GET", "limits/?scope=customer&group=vip")[1]["results"]] == [row.pk]
    told = call("POST", "limits/", {"scope": "key", "day_micros": 1})
    assert (told[0], told[1]["error"]["message"]) == (409, "Spending is limited for each customer.")
    assert call("DELETE", f"limits/{row.pk}/")[0] == 204


def test_only_the_platform_limits_another_shop(reseller_owner: Membership, platform_admin: Membership, stranger: Membership) -> None:
    assert program(reseller_owner)("POST", "limits/", {"scope": "tenant", "rpm": 1, "only_shop": "elsewhere"})[0] == 404
    status, made = program(platform_admin, host="platform.test")("POST", "limits/", {"scope": "tenant", "rpm": 9, "only_shop": "teahouse"})
    assert (status, made["shop"], made["only_shop"]) == (201, "platform", "teahouse")
    call = program(reseller_owner)
    assert call("GET", "limits/")[1]["results"] == []
    assert [call(method, f"limits/{made['id']}/", {})[0] for method in ("GET", "PATCH", "DELETE")] == [404] * 3
