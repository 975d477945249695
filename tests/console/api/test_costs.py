"""The cost book over the API: an entry set, changed by what is named, deleted; none on foreign channels."""

from __future__ import annotations

import pytest

from accounts.models import AuditEvent, Membership
from channels_app import channels
from channels_app.models import ChannelCost
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_an_entry_lives_its_life(reseller_owner: Membership) -> None:
    row = channels.add(name="own", provider="demo", tenant=reseller_owner.tenant)
    call = program(reseller_owner)
    status, made = call("POST", "channel-costs/", {"channel": row.pk, "model": "*", "input": 5, "cache_read": 2})
    assert (status, made["input"], made["output"], made["cache_read"]) == (201, 5, 0, 2)
    again = call("POST", "channel-costs/", {"channel": row.pk, "model": "*", "output": 7})[1]
    assert (again["id"], again["input"], again["output"]) == (made["id"], 5, 7)
    assert [one["id"] for one in call("GET", f"channel-costs/?channel={row.pk}")[1]["results"]] == [made["id"]]
    assert call("DELETE", f"channel-costs/{made['id']}/") == (204, None)
    assert [one.action for one in AuditEvent.objects.order_by("pk")] == ["channelcost.add", "channelcost.change", "channelcost.delete"]


def test_nothing_is_set_on_a_foreign_channel(reseller_owner: Membership, stranger: Membership) -> None:
    row = channels.add(name="theirs", provider="demo", tenant=stranger.tenant)
    assert program(reseller_owner)("POST", "channel-costs/", {"channel": row.pk, "model": "*", "input": 5})[0] == 404
    assert not ChannelCost.objects.exists()
