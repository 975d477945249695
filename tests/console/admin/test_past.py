"""The log from before the move in the back offices: found by person or model, read and never changed."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import past
from accounts.models import Membership
from tests.accounts.test_past import entry

pytestmark = pytest.mark.django_db

LIST = "/reseller/accounts/pastentry/"


@pytest.mark.parametrize(("wanted", "count"), [("", 2), ("ann@shop.test", 2), ("gpt-4o", 2), ("other", 0), ("nobody@shop.test", 0)])
def test_a_shop_finds_its_customers_lines(desk: Client, end_user: Membership, stranger: Membership, wanted: str, count: int) -> None:
    past.add([entry(end_user, 1), entry(end_user, 2), entry(stranger, 3)])
    page = desk.get(LIST, {"q": wanted})
    assert (page.status_code, len(page.context["cl"].result_list)) == (200, count)


def test_a_line_is_shown_and_not_changed(desk: Client, end_user: Membership, stranger: Membership) -> None:
    mine, other = entry(end_user, 1), entry(stranger, 2)
    past.add([mine, other])
    assert desk.get(f"{LIST}{mine.id}/change/").status_code == 200
    assert desk.post(f"{LIST}{mine.id}/change/", {"model": "x"}).status_code == 403
    assert desk.get(f"{LIST}{other.id}/change/").status_code == 404
