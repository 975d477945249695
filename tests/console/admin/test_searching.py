"""A pasted key, the beginning of one and an address are found by their index; other words as before."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import Membership

pytestmark = pytest.mark.django_db
KEYS, PEOPLE = "/reseller/accounts/apikey/", "/reseller/accounts/membership/"


def found(desk: Client, address: str, text: str) -> list[int]:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = desk.get(address, {"q": text})
    if text.startswith("sk-") or "@" in text:
        assert not any("UPPER" in query["sql"] for query in queries)
    return sorted(row.pk for row in page.context["cl"].result_list)


def test_keys_are_found_by_prefix_whole_secret_owner_and_name(desk: Client, end_user: Membership, stranger: Membership) -> None:
    issued = keys.issue(membership=end_user, name="laptop")
    other = keys.issue(membership=end_user, name="phone")
    foreign = keys.issue(membership=stranger, name="laptop")
    assert found(desk, KEYS, issued.key.prefix) == [issued.key.pk]
    assert found(desk, KEYS, issued.secret) == [issued.key.pk]
    assert found(desk, KEYS, foreign.secret) == []
    assert found(desk, KEYS, "Ann@shop") == [issued.key.pk, other.key.pk]
    assert found(desk, KEYS, "lapt") == [issued.key.pk]


def test_customers_are_found_by_address_and_name(desk: Client, end_user: Membership) -> None:
    end_user.user.name = "Ann Tee"
    end_user.user.save()
    assert found(desk, PEOPLE, "ann@") == [end_user.pk]
    assert found(desk, PEOPLE, "tee") == [end_user.pk]
