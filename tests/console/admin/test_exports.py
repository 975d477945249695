"""Exports hold what the list shows and nothing of another shop, are noted in the trail, and are not for support."""

from __future__ import annotations

import csv

import pytest
from django.test import Client

from accounts import keys
from accounts.models import AuditEvent, Membership
from billing import orders
from tests.billing.shop import stocked

pytestmark = pytest.mark.django_db
PEOPLE, KEYS = "/reseller/accounts/membership/", "/reseller/accounts/apikey/"


def rows(desk: Client, address: str, **more: str) -> list[dict[str, str]]:
    answer = desk.get(f"{address}export/", headers={"referer": f"http://shop.test{address}?{more.get('shown', '')}"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]  # it streams
    return list(csv.DictReader(text.splitlines()))


def test_customers_are_exported_as_the_list_shows_them(desk: Client, end_user: Membership, stranger: Membership) -> None:
    Membership.objects.filter(pk=end_user.pk).update(note="=HYPERLINK(1)", username="ann")
    everybody = rows(desk, PEOPLE)
    assert {row["email"] for row in everybody} == {"ann@shop.test", "owner@shop.test"}
    (ann,) = rows(desk, PEOPLE, shown="role__exact=customer")
    assert (ann["id"], ann["username"], ann["note"]) == (str(end_user.pk), "ann", "'=HYPERLINK(1)")
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.target, event.after) == ("membership.export", "accounts.membership", {"shown": "role__exact=customer"})


def test_keys_are_exported_without_their_secrets(desk: Client, end_user: Membership, stranger: Membership) -> None:
    issued = keys.issue(membership=end_user, name="laptop", tags=("a", "b"), rpm=3)
    keys.issue(membership=stranger, name="foreign")
    (row,) = rows(desk, KEYS)
    assert (row["name"], row["email"], row["tags"], row["rpm"], row["tpm"]) == ("laptop", "ann@shop.test", "a, b", "3", "")
    assert issued.secret not in str(row)


def test_orders_and_usage_are_exported(desk: Client, end_user: Membership) -> None:
    order = orders.place(product=stocked(end_user.tenant), buyer=orders.Buyer(email="a@b.test", membership=end_user)).order
    (row,) = rows(desk, "/reseller/billing/order/")
    assert (row["number"], row["state"], row["total_minor"], row["email"]) == (order.number, "pending", str(order.total_minor), "a@b.test")
    assert rows(desk, "/reseller/gateway/usagerecord/") == []


def test_support_exports_nothing(client: Client, end_user: Membership) -> None:
    Membership.objects.filter(pk=end_user.pk).update(role="support")
    client.force_login(end_user.user)
    assert client.get(f"{PEOPLE}export/", headers={"host": "shop.test"}).status_code == 403
