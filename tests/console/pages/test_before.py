"""The page of what was before the move: a member's own lines and nobody else's."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import past
from accounts.models import Membership
from tests.accounts.test_past import entry
from tests.console.pages.test_keys import HOST

pytestmark = pytest.mark.django_db


def test_a_member_reads_what_came_along_page_by_page(client: Client, end_user: Membership) -> None:
    past.add([entry(end_user, number) for number in range(60)])
    client.force_login(end_user.user)
    first = client.get("/console/before/", HTTP_HOST=HOST)
    assert first.content.decode().count("gpt-4o") == 50
    assert client.get("/console/before/" + first.context["older"], HTTP_HOST=HOST).content.decode().count("gpt-4o") == 10
    assert "/console/before/" in client.get("/console/calls/", HTTP_HOST=HOST).content.decode()


def test_others_see_nothing_and_are_not_led_there(client: Client, end_user: Membership, stranger: Membership) -> None:
    past.add([entry(stranger, 1)])
    client.force_login(end_user.user)
    page = client.get("/console/before/", HTTP_HOST=HOST)
    assert (page.status_code, "gpt-4o" in page.content.decode()) == (200, False)
    assert "/console/before/" not in client.get("/console/calls/", HTTP_HOST=HOST).content.decode()
