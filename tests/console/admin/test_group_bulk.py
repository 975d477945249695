"""A selection of customers changes its group at once: the trail says so, and nobody of another shop is touched."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import tenants
from accounts.models import AuditEvent, Membership, User
from billing import price_book

pytestmark = pytest.mark.django_db
LIST = "/reseller/accounts/membership/"


def customers(member: Membership, count: int) -> list[Membership]:
    return [tenants.join(tenant=member.tenant, user=User.objects.create_user(email=f"c{n}@shop.test")) for n in range(count)]


def test_a_selection_changes_its_group(desk: Client, end_user: Membership, stranger: Membership) -> None:
    first, second = customers(end_user, 2)
    chosen = {"action": "change_group", "_selected_action": [first.pk, second.pk, stranger.pk]}
    asked = desk.post(LIST, chosen)
    assert "Change the group of 2 customers" in asked.content.decode()
    desk.post(LIST, chosen | {"is_confirmed": "1", "group": " vip "})
    groups = dict(Membership.objects.values_list("pk", "group"))
    assert [groups[one.pk] for one in (first, second, end_user, stranger)] == ["vip", "vip", "default", "default"]
    events = AuditEvent.objects.filter(action="membership.set_group").order_by("pk")
    assert [(event.before, event.after) for event in events] == [({"group": "default"}, {"group": "vip"})] * 2


def test_the_list_narrows_to_a_group_that_has_a_price(desk: Client, end_user: Membership, stranger: Membership) -> None:
    (other,) = customers(end_user, 1)
    tenants.set_group(membership=other, group="vip")
    price_book.set_group(group="vip", factor=900_000, tenant=end_user.tenant, actor=None)
    price_book.set_group(group="foreign", factor=900_000, tenant=stranger.tenant, actor=None)
    page = desk.get(LIST, {"group": "vip"})
    assert [row.pk for row in page.context["cl"].result_list] == [other.pk]
    assert "?group=foreign" not in page.content.decode()
