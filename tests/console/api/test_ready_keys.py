"""Ready keys over the API: looked at, never with their secret."""

from __future__ import annotations

import json

import pytest

from accounts.models import Membership
from billing import ready_keys
from billing.models import ReadyKey
from tests.billing.shop import bought_from, key_product
from tests.console.api.conftest import program

pytestmark = pytest.mark.django_db


def test_sold_keys_are_found_by_their_order_without_the_secret(reseller_owner: Membership, stranger: Membership) -> None:
    order = bought_from(key_product(reseller_owner.tenant))
    bought_from(key_product(stranger.tenant))
    ready, call = ReadyKey.objects.get(code__order=order), program(reseller_owner)
    found = call("GET", "ready-keys/")[1]["results"]
    assert [(one["id"], one["order"], one["key"], one["state"], one["claimed_by"]) for one in found] == [
        (ready.pk, order.number, ready.key_id, "active", None)
    ]
    assert call("GET", f"ready-keys/?order={order.number}")[1]["results"] == found
    assert ready_keys.secret_of(ready) not in json.dumps(found)
    other = ReadyKey.objects.exclude(pk=ready.pk).get()
    assert call("GET", f"ready-keys/{other.pk}/")[0] == 404
